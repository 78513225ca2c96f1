-- The last step of a site page: headings and code become Markdown again, so that MkDocs puts the headings into its
-- table of contents and search index and highlights the code as on every other page. Everything else stays HTML.
-- A page has no numbers of sections: those of the paper say nothing where pages stand side by side.
-- Runs after --citeproc. Markdown inside an HTML element is not read, except for fenced code, which
-- pymdownx.superfences finds first; so code inside callouts and tabs is fenced as well.

-- A sign that Markdown could read as a mark is written by its number, which every reader takes for text; of a backslash
-- before it some make another sign, and some leave both.
local function plainly(str)
  return pandoc.RawInline('html', (str.text:gsub('[][<>{}&*_`\\$|~^]', function(sign) return ('&#%d;'):format(sign:byte()) end)))
end

local function markdown_heading(header)
  local one_line = pandoc.WriterOptions { wrap_text = 'wrap-none' } -- a span's tag must not be broken in two
  local text = pandoc.write(pandoc.Pandoc { pandoc.Plain(header.content):walk { Str = plainly } }, 'commonmark', one_line):gsub('%s+$', '')
  return pandoc.RawBlock('html', ('\n%s %s {#%s}\n'):format(('#'):rep(header.level), text, header.identifier))
end

local function markdown_code(code)
  local fence = '```'
  while code.text:find(fence, 1, true) do fence = fence .. '`' end
  return pandoc.RawBlock('html', ('\n%s%s\n%s\n%s\n'):format(fence, code.classes[1] or '', code.text, fence))
end

-- Where there is no repository in the web, the API reference shows the code.
local function code_link(span)
  local object = span.classes:includes 'code-origin' and span.attributes['data-object']
  if not object then return nil end
  local page = object:match('^(.*)%.[^.]*$'):gsub('%.', '/')
  return pandoc.Link(span.content, ('../reference/%s.html#%s'):format(page, object))
end

function Pandoc(doc)
  doc.blocks = pandoc.Blocks(doc.blocks):walk { Span = code_link }
  doc.blocks = pandoc.List(doc.blocks):map(function(block)
    if block.t == 'Header' then return markdown_heading(block) end
    if block.t == 'CodeBlock' then return markdown_code(block) end
    return block
  end)
  -- What is left is inside lists, where a fence would have to be indented; this is the mark-up Material styles.
  doc.blocks = pandoc.Blocks(doc.blocks):walk { CodeBlock = function(code)
    local text = code.text:gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;')
    return pandoc.RawBlock('html', '<div class="highlight"><pre><code>' .. text .. '\n</code></pre></div>')
  end }
  return doc
end
