-- What Quarto's elements become in each output: standalone HTML, a page of the MkDocs Material site, Typst, and cells of
-- a notebook.

local here = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local tie_rows = dofile(pandoc.path.join { here, 'tie_rows.lua' })
local place_floats = dofile(pandoc.path.join { here, 'floats.lua' })

local function raw_html(text) return pandoc.RawBlock('html', text) end
local function raw_typst(text) return pandoc.RawBlock('typst', text) end
-- A string of Typst, and of YAML.
local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end
local function escape(text)
  return (text:gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;'):gsub('"', '&quot;'))
end

-- The title is the one <h1> of a page, so the document's headings begin at <h2>.
local html = { formats = { html = true }, heading_shift = 1 }

function html.title(_) end
function html.other_document(link) return link end
function html.page_break() return { raw_html '<div class="page-break"></div>' } end
function html.caption_label(text) return pandoc.Span({ pandoc.Str(text) }, { class = 'caption-label' }) end

function html.image(image, alt)
  image.caption = { pandoc.Str(alt) }
  return image
end

-- The caption stays outside the box that scrolls, so that it can be read on a phone beside a wide table.
function html.table(tbl, caption)
  local attributes = tbl.identifier ~= '' and (' id="%s"'):format(tbl.identifier) or ''
  local caption_id = tbl.identifier ~= '' and tbl.identifier .. '-caption'
  local name = caption_id and (' aria-labelledby="%s"'):format(caption_id) or ' aria-label="Table"'
  tbl.identifier, tbl.caption = '', pandoc.Caption {}
  local result = pandoc.Blocks { raw_html(('<figure class="table"%s>'):format(attributes)) }
  if #caption > 0 then
    result:insert(raw_html(('<figcaption%s>'):format(caption_id and (' id="%s"'):format(caption_id) or '')))
    result:insert(pandoc.Plain(caption))
    result:insert(raw_html '</figcaption>')
  end
  result:insert(raw_html(('<div class="table-scroll" role="region" tabindex="0"%s>'):format(name)))
  result:insert(tbl)
  result:insert(raw_html '</div></figure>')
  return result
end

function html.grid(cells, columns)
  local result = pandoc.Blocks { raw_html(('<div class="layout" style="--columns:%d">'):format(columns)) }
  for _, cell in ipairs(cells) do
    result:insert(raw_html '<div>')
    result:extend(cell)
    result:insert(raw_html '</div>')
  end
  result:insert(raw_html '</div>')
  return result
end

function html.equation(math, label, number)
  local tag = pandoc.Span({ pandoc.Str('(' .. number .. ')') }, { class = 'equation-number' })
  return pandoc.Span({ math, tag }, pandoc.Attr(label, { 'equation' }))
end

-- The mark-up of Material for MkDocs, so that the site needs no style of its own for it; report.css styles the same.
html.callout_classes = { note = 'note', tip = 'tip', warning = 'warning', important = 'important', caution = 'caution' }

local function callout(target, kind, title, blocks, collapse)
  local class = target.callout_classes[kind]
  local open, close
  if collapse then
    open = ('<details class="%s"%s><summary>'):format(class, collapse == 'false' and ' open' or '')
    close = { '</summary>', '</details>' }
  else
    open = ('<div class="admonition %s"><p class="admonition-title">'):format(class)
    close = { '</p>', '</div>' }
  end
  local result = pandoc.Blocks { raw_html(open), pandoc.Plain(title), raw_html(close[1]) }
  result:extend(blocks)
  result:insert(raw_html(close[2]))
  return result
end

function html.callout(...) return callout(html, ...) end

local tabset_count = 0

function html.tabset(tabs)
  tabset_count = tabset_count + 1
  local inputs, tab_labels = {}, {}
  for i, tab in ipairs(tabs) do
    local id = ('__tabbed_%d_%d'):format(tabset_count, i)
    inputs[i] = ('<input type="radio" name="__tabbed_%d" id="%s"%s/>')
      :format(tabset_count, id, i == 1 and ' checked="checked"' or '')
    tab_labels[i] = ('<label for="%s">%s</label>'):format(id, escape(pandoc.utils.stringify(tab.title)))
  end
  local result = pandoc.Blocks { raw_html(
    ('<div class="tabbed-set tabbed-alternate" data-tabs="%d:%d">%s<div class="tabbed-labels">%s</div>')
      :format(tabset_count, #tabs, table.concat(inputs), table.concat(tab_labels))
      .. '<div class="tabbed-content">') }
  for _, tab in ipairs(tabs) do
    result:insert(raw_html '<div class="tabbed-block">')
    result:extend(tab.blocks)
    result:insert(raw_html '</div>')
  end
  result:insert(raw_html '</div></div>')
  return result
end

-- Material 9.8 has no styles for "important" and "caution".
local site = setmetatable({
  formats = { html = true, site = true },
  callout_classes = { note = 'note', tip = 'tip', warning = 'warning', important = 'info', caution = 'danger' },
}, { __index = html })

function site.callout(...) return callout(site, ...) end
local site_pages -- by document; set from the metadata
function site.title(meta)
  site_pages = {}
  for name, page in pairs(meta.pages) do site_pages[name] = pandoc.utils.stringify(page) end
  meta['title-string'] = pandoc.RawInline('html', quoted(pandoc.utils.stringify(meta.title)))
end

-- In the site each document is a page of its own, beside its standalone file.
function site.other_document(link)
  local name, place = link.target:match '^(%w+)%.html(.*)$'
  link.target = site_pages[name] .. place
  return link
end

function site.page_break() return {} end

local typst = { formats = { typst = true, pdf = true }, heading_shift = 0 }

-- The link leads to the page: where a label is in a PDF, not every reader of PDFs can find.
typst.other_document = html.other_document

function typst.page_break() return { raw_typst '#pagebreak(weak: true)' } end
function typst.caption_label(text) return pandoc.Strong { pandoc.Str(text) } end

function typst.title(_) end

-- Pandoc's writer knows no alternative text, which accessible PDF (PDF/UA-1) requires.
function typst.image(image, alt)
  local width = image.attributes.width
  local size = width and ', width: ' .. width:gsub('px', 'pt') or ''
  return pandoc.RawInline('typst', ('#image(%s, alt: %s%s)'):format(quoted(image.src), quoted(alt), size))
end

function typst.table(tbl, caption)
  tbl.caption = #caption > 0 and pandoc.Caption { pandoc.Plain(caption) } or pandoc.Caption {}
  tie_rows(tbl)
  return pandoc.Blocks { tbl }
end

function typst.place_floats(blocks)
  return place_floats(blocks, function(block) return (block.t == 'Figure' or block.t == 'Table') and block or nil end)
end

function typst.grid(cells, columns)
  local result = pandoc.Blocks { raw_typst(('#side-by-side(%d,'):format(columns)) }
  for _, cell in ipairs(cells) do
    result:insert(raw_typst '[')
    result:extend(cell)
    result:insert(raw_typst '],')
  end
  result:insert(raw_typst ')')
  return result
end

-- The TeX source is the alternative text of a formula.
local function typst_math(math, arguments)
  local code = pandoc.write(pandoc.Pandoc { pandoc.Plain { math } }, 'typst'):gsub('%s+$', '')
  local is_block = tostring(math.mathtype == 'DisplayMath')
  return ('#math.equation(block: %s, alt: %s%s, %s)'):format(is_block, quoted(math.text), arguments, code)
end

function typst.math(math) return pandoc.RawInline('typst', typst_math(math, '')) end

function typst.equation(math, label, number)
  local numbering = (', numbering: _ => "(%s)"'):format(number)
  return pandoc.RawInline('typst', ('%s <%s>'):format(typst_math(math, numbering), label))
end

function typst.callout(kind, title, blocks, _)
  local result = pandoc.Blocks { raw_typst(('#callout("%s")['):format(kind)), pandoc.Plain(title), raw_typst '][' }
  result:extend(blocks)
  result:insert(raw_typst ']')
  return result
end

-- Paper has no tabs: they stand one after the other.
function typst.tabset(tabs)
  local result = pandoc.Blocks {}
  for _, tab in ipairs(tabs) do
    result:insert(pandoc.Para { pandoc.Strong(tab.title) })
    result:extend(tab.blocks)
  end
  return result
end

-- Plain Markdown, as Jupyter shows it: nothing has attributes, and a link leads nowhere in a cell, so there is none.
local notebook = { formats = { ipynb = true, markdown = true }, heading_shift = 0 }

function notebook.title(_) end
function notebook.other_document(link) return link.content end
function notebook.page_break() return {} end
function notebook.caption_label(text) return pandoc.Strong { pandoc.Str(text) } end

function notebook.image(image, alt)
  image.attributes.alt = alt
  return image
end

function notebook.table(tbl, caption)
  tbl.identifier, tbl.caption = '', pandoc.Caption {}
  return #caption > 0 and pandoc.Blocks { pandoc.Para(caption), tbl } or pandoc.Blocks { tbl }
end

function notebook.grid(cells, _)
  local result = pandoc.Blocks {}
  for _, cell in ipairs(cells) do result:extend(cell) end
  return result
end

function notebook.equation(math, _, number)
  math.text = math.text:gsub('%s+$', '') .. (' \\tag{%s}\n'):format(number)
  return math
end

function notebook.callout(_, title, blocks, _)
  return { pandoc.BlockQuote(pandoc.Blocks { pandoc.Para { pandoc.Strong(title) } } .. blocks) }
end

notebook.tabset = typst.tabset

return { html = html, site = site, typst = typst, notebook = notebook }
