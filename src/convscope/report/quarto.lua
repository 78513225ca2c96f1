-- Quarto's additions to Markdown, for plain Pandoc: numbers and captions for figures, tables, equations and sections,
-- cross-references to them, sub-figures, callouts, tabsets, and content for one format only.
-- Runs before --citeproc, because `@fig-x` and `@key` are the same syntax. What the results look like in each format
-- is in targets.lua.

local here = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local targets = dofile(pandoc.path.join { here, 'targets.lua' })
local target -- one of targets.html, targets.site, targets.typst; set in Pandoc()

local kind_names = { fig = 'Figure', tbl = 'Table', eq = 'Equation', sec = 'Section' } -- in the document's language
local callout_titles = {
  note = 'Note', tip = 'Tip', warning = 'Warning', important = 'Important', caution = 'Caution',
}

local labels = {}   -- label -> { name = 'Figure', number = '2 (a)' }
local counts = { fig = 0, tbl = 0, eq = 0 }
local section_counts = {}

local function kind_of(identifier)
  local kind = identifier:match '^(%a+)%-.'
  return kind_names[kind] and kind or nil
end

local function define(label, number)
  if labels[label] then error('duplicate label: ' .. label, 0) end
  labels[label] = { name = kind_names[kind_of(label)], number = number }
end

-- The next number of the label's kind: 'fig-x' -> '3'.
local function define_next(label)
  local kind = kind_of(label)
  counts[kind] = counts[kind] + 1
  define(label, tostring(counts[kind]))
  return labels[label].number
end

local function caption_inlines(caption)
  return #caption.long > 0 and pandoc.utils.blocks_to_inlines(caption.long) or pandoc.Inlines {}
end

-- "Figure 1: text", with the number set apart; the bare text where there is no number.
local function numbered(inlines, label)
  if not label then return inlines end
  local entry = labels[label]
  local head = entry.name .. ' ' .. entry.number .. (#inlines > 0 and ':' or '')
  local result = pandoc.Inlines { target.caption_label(head) }
  if #inlines > 0 then result:insert(pandoc.Space()) end
  result:extend(inlines)
  return result
end

-- Alternative text comes from fig-alt, else from the caption; Pandoc's writers know no `fig-alt`.
local function finish_image(image)
  if image.src:match '^%a[%w+.-]+:' or image.src:match '^//' then
    error('image is not a file of the report: ' .. image.src, 0)
  end
  local file = io.open(image.src, 'rb')
  if not file then error('missing image: ' .. image.src, 0) end
  file:close()
  local alt = image.attributes['fig-alt'] or pandoc.utils.stringify(image.caption)
  image.attributes['fig-alt'] = nil
  return target.image(image, alt)
end

-- Relative column widths that Pandoc derives from the dashes of a long pipe table waste space; unless
-- tbl-colwidths gives widths, columns are as wide as their contents need.
local function set_column_widths(tbl)
  local given = {}
  for width in (tbl.attributes['tbl-colwidths'] or ''):gmatch '[%d.]+' do
    given[#given + 1] = tonumber(width) / 100
  end
  tbl.attributes['tbl-colwidths'] = nil
  tbl.colspecs = pandoc.List(tbl.colspecs):map(function(spec, i) return { spec[1], given[i] } end)
end

local function finish_table(tbl, caption)
  local label = kind_of(tbl.identifier) and tbl.identifier
  if label then define_next(label) end
  set_column_widths(tbl)
  return target.table(tbl, numbered(caption or caption_inlines(tbl.caption), label))
end

local function finish_figure(figure)
  local label = kind_of(figure.identifier) and figure.identifier
  if label then define_next(label) end
  figure.caption = pandoc.Caption { pandoc.Plain(numbered(caption_inlines(figure.caption), label)) }
  return figure
end

-- ::: {#fig-x layout-ncol=2} figures, then a last paragraph with the caption :::
local function finish_float(div)
  local label, blocks, caption = div.identifier, div.content, nil
  if #blocks > 1 and blocks[#blocks].t == 'Para' then caption = blocks:remove().content end
  if kind_of(label) == 'tbl' and #blocks == 1 and blocks[1].t == 'Table' then
    blocks[1].identifier = label
    return finish_table(blocks[1], caption)
  end
  define_next(label)
  local cells, letter = pandoc.List {}, 0
  for _, block in ipairs(blocks) do
    if block.t == 'Figure' then
      local inlines = caption_inlines(block.caption)
      if kind_of(block.identifier) then
        letter = letter + 1
        local sub = '(' .. string.char(96 + letter) .. ')'
        define(block.identifier, labels[label].number .. ' ' .. sub)
        inlines = pandoc.Inlines { pandoc.Str(sub), pandoc.Space() } .. inlines
      end
      block.caption = pandoc.Caption { pandoc.Plain(inlines) }
    end
    cells:insert(pandoc.Blocks { block })
  end
  local columns = tonumber(div.attributes['layout-ncol'] or 1)
  local long = pandoc.Caption { pandoc.Plain(numbered(caption or pandoc.Inlines {}, label)) }
  return pandoc.Figure(target.grid(cells, columns), long, pandoc.Attr(label, { 'float' }))
end

local visit -- below; callouts, tabs and lists hold blocks in turn

local function callout_kind(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match '^callout%-(%a+)$'
    if callout_titles[kind] then return kind end
  end
end

local function finish_callout(div, kind)
  local title = pandoc.Inlines { pandoc.Str(callout_titles[kind]) }
  if div.attributes.title then
    title = pandoc.utils.blocks_to_inlines(pandoc.read(div.attributes.title, 'markdown').blocks)
  elseif div.content[1] and div.content[1].t == 'Header' then
    title = div.content:remove(1).content
  end
  div.content:walk { Header = function(header)
    error('a heading inside a callout: ' .. pandoc.utils.stringify(header), 0)
  end }
  return target.callout(kind, title, visit(div.content), div.attributes.collapse)
end

local function finish_tabset(div)
  local tabs = pandoc.List {}
  for _, block in ipairs(div.content) do
    if block.t == 'Header' then
      tabs:insert { title = block.content, blocks = pandoc.Blocks {} }
    elseif #tabs > 0 then
      tabs[#tabs].blocks:insert(block)
    else
      error('a tabset starts with a heading: its first tab', 0)
    end
  end
  for _, tab in ipairs(tabs) do tab.blocks = visit(tab.blocks) end
  return target.tabset(tabs)
end

local function is_shown(div)
  local wanted = div.attributes['when-format']
  local unwanted = div.attributes['unless-format']
  local shown = (not wanted or target.formats[wanted]) and not (unwanted and target.formats[unwanted])
  if div.classes:includes 'content-hidden' then return not shown end
  return shown
end

local function finish_header(header)
  if not header.classes:includes 'unnumbered' then
    local numbers = {}
    section_counts[header.level] = (section_counts[header.level] or 0) + 1
    for level = header.level + 1, 6 do section_counts[level] = nil end
    for level = 1, header.level do numbers[level] = section_counts[level] or 0 end
    local number = table.concat(numbers, '.')
    header.attributes.number = number
    if kind_of(header.identifier) == 'sec' then define(header.identifier, number) end
  end
  header.level = header.level + target.heading_shift
  return header
end

-- $$ .. $$ {#eq-x}: Pandoc reads the label as text after the formula.
local function finish_inlines(inlines)
  local result, i = pandoc.Inlines {}, 1
  while i <= #inlines do
    local inline = inlines[i]
    if inline.t == 'Math' and inline.mathtype == 'DisplayMath' then
      local after = i + 1
      if inlines[after] and (inlines[after].t == 'Space' or inlines[after].t == 'SoftBreak') then after = after + 1 end
      local text = inlines[after] and inlines[after].t == 'Str' and inlines[after].text or ''
      local label, rest = text:match '^{#(eq%-[^}]+)}(.*)$'
      if label then
        inline = target.equation(inline, label, define_next(label))
        if rest ~= '' then inline = { inline, pandoc.Str(rest) } end
        i = after
      end
    end
    result:extend(pandoc.utils.type(inline) == 'Inline' and { inline } or inline)
    i = i + 1
  end
  return result
end

local function visit_div(div)
  local kind = callout_kind(div)
  if div.classes:includes 'content-visible' or div.classes:includes 'content-hidden' then
    return is_shown(div) and visit(div.content) or {}
  elseif div.classes:includes 'page-break' then
    return target.page_break()
  elseif kind then
    return finish_callout(div, kind)
  elseif div.classes:includes 'panel-tabset' then
    return finish_tabset(div)
  elseif kind_of(div.identifier) == 'fig' or kind_of(div.identifier) == 'tbl' then
    return { finish_float(div) }
  elseif div.attributes['layout-ncol'] then
    local cells = pandoc.List(visit(div.content)):map(function(block) return pandoc.Blocks { block } end)
    return target.grid(cells, tonumber(div.attributes['layout-ncol']))
  end
  div.content = visit(div.content)
  return { div }
end

local function visit_items(items)
  return pandoc.List(items):map(function(item) return visit(item) end)
end

local visitors = {
  Header = finish_header,
  Figure = finish_figure,
  Table = finish_table,
  Div = visit_div,
  Para = function(para) para.content = finish_inlines(para.content); return para end,
  Plain = function(plain) plain.content = finish_inlines(plain.content); return plain end,
  BlockQuote = function(quote) quote.content = visit(quote.content); return quote end,
  BulletList = function(list) list.content = visit_items(list.content); return list end,
  OrderedList = function(list) list.content = visit_items(list.content); return list end,
}

-- Numbers follow the order of the document, which Pandoc's own typewise traversal does not guarantee.
visit = function(blocks)
  local result = pandoc.Blocks {}
  for _, block in ipairs(blocks) do
    local visitor = visitors[block.t]
    local replaced = visitor and visitor(block) or block
    if pandoc.utils.type(replaced) == 'Block' then replaced = { replaced } end
    result:extend(replaced)
  end
  return result
end

-- @fig-x -> "Figure 1", [-@fig-x] -> "1", [Appendix @sec-x] -> "Appendix 1"; citations are left to citeproc.
local function resolve(cite)
  local own = pandoc.List(cite.citations):filter(function(citation) return kind_of(citation.id) ~= nil end)
  if #own == 0 then return nil end
  if #own < #cite.citations then error('one bracket mixes citations and cross-references: @' .. own[1].id, 0) end
  local result = pandoc.Inlines {}
  for i, citation in ipairs(own) do
    local entry = labels[citation.id] or error('unknown cross-reference: @' .. citation.id, 0)
    local text = entry.name .. '\u{a0}' .. entry.number
    if citation.mode == 'SuppressAuthor' or #citation.prefix > 0 then text = entry.number end
    if i > 1 then result:extend { pandoc.Str ',', pandoc.Space() } end
    if #citation.prefix > 0 then
      result:extend(citation.prefix)
      result:insert(pandoc.Str '\u{a0}')
    end
    result:insert(pandoc.Link({ pandoc.Str(text) }, '#' .. citation.id, '', { class = 'cross-reference' }))
  end
  return result
end

-- What stands in the other document is written out before rendering, as a link to its standalone page.
local function other_document(link)
  if link.classes:includes 'other-document' then return target.other_document(link) end
end

-- Instead of the document, what each label is called, as JSON: for references from the other document.
local function list_labels()
  local names = {}
  for label, entry in pairs(labels) do names[label] = entry.name .. ' ' .. entry.number end
  return pandoc.Pandoc { pandoc.CodeBlock(pandoc.json.encode(names)) }
end

function Pandoc(doc)
  local wanted = pandoc.utils.stringify(doc.meta.target)
  target = targets[wanted] or targets.html
  for kind, name in pairs(doc.meta.kinds or {}) do kind_names[kind] = pandoc.utils.stringify(name) end
  doc.blocks = visit(doc.blocks)
  if wanted == 'labels' then return list_labels() end
  target.title(doc.meta)
  if doc.meta.floats and target.place_floats then doc.blocks = target.place_floats(doc.blocks) end
  -- The second pass: by now every label is known, also of what comes later in the document.
  return doc:walk { Cite = resolve }:walk { Image = finish_image, Math = target.math, Link = other_document }
end
