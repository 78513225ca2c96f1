"""What the last checks find, and what they leave alone."""

from pathlib import Path

import pytest

from convscope.errors import ReportError
from convscope.report.checks import check_html, check_text

FINE = """<!DOCTYPE html><html><head><style>
@font-face { src: url("data:font/woff2;base64,AAAA"); } a { background: url(#x) }
</style><script>let a; if (a === undefined) { a = 1 << 2; }</script></head>
<body><p>A banana in finance, 5 &lt; 7, 10 &gt; 3, mail a@b.org. <a href="https://example.org">out</a></p>
<pre>&gt;&gt;&gt; print(1)</pre><svg xmlns="http://www.w3.org/2000/svg"></svg>
<img src="data:image/png;base64,AA" alt="A dot">
<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math></body></html>"""


def test_a_good_page_passes(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(FINE)
    check_html(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see ?@fig-none here", "?@fig-none"),
        ("accuracy undefined %", "undefined"),
        ("accuracy nan %", "nan"),
        ("accuracy NaN %", "NaN"),
        ("-nan", "nan"),
        ("{{< include _a.qmd >}}", "{{<"),
        ("accuracy << best.accuracy >> %", "<<"),
        ("left best.accuracy >> %", ">>"),
    ],
)
def test_holes_are_found_in_both_outputs(text: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    escaped = text.replace("<", "&lt;").replace(">", "&gt;")
    for body in (f"<p>{escaped}</p>", f'<img src="data:," alt="{escaped}">'):
        path.write_text(FINE.replace("</body>", f"{body}</body>"))
        with pytest.raises(ReportError) as caught:
            check_html(path)
        assert repr(found) in str(caught.value)
    with pytest.raises(ReportError) as caught:
        check_text(f"Before. {text} After.")
    assert repr(found) in str(caught.value)


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="https://e.org/a.png">',
        '<img src="//e.org/a.png">',
        '<img srcset="a.png 1x, https://e.org/a.png 2x">',
        '<script src="http://e.org/a.js"></script>',
        '<link rel="stylesheet" href="https://e.org/a.css">',
        '<iframe src="https://e.org/"></iframe>',
        '<object data="https://e.org/a.svg"></object>',
        '<svg><image href="https://e.org/a.png"/></svg>',
        '<style>@import "https://e.org/a.css";</style>',
        "<style>p { background: url(https://e.org/a.png) }</style>",
        "<p style=\"background: url('https://e.org/a.png')\">x</p>",
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tag: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(FINE.replace("</body>", f"{tag}</body>"))
    with pytest.raises(ReportError, match=r"loads from elsewhere: .*e\.org"):
        check_html(path)
