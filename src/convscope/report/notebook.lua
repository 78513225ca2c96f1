-- Chapters of the report as the cells of a notebook: text, and in the place of each figure the call that draws it.
-- Runs after --citeproc. Pandoc's writer for notebooks takes a Div of class "cell" for a cell, and its attributes for
-- the cell's metadata: `chapter` has the label of the chapter that the cell belongs to.

local cells, text, cited, label

local function cell(blocks, kind)
  cells:insert(pandoc.Div(blocks, { class = 'cell ' .. kind, chapter = label }))
end

local function flush()
  if #text > 0 then cell(text, 'markdown') end
  text = pandoc.Blocks {}
end

local function unwrap(element) return element.content end

-- What Markdown in a notebook cannot say: attributes, and links to a place in the report.
local plain = {
  Span = unwrap,
  Link = function(link)
    if link.target:sub(1, 1) == '#' then return link.content end
    link.attr = {}
    return link
  end,
  Cite = unwrap,
}

-- The call stands in a cell of its own; the caption, as the text that follows it.
local function draw(figure)
  flush()
  figure:walk { Image = function(image)
    local name = image.src:match '^figures/(.+)%.svg$' or error('no figure of the build: ' .. image.src, 0)
    cell({ pandoc.CodeBlock(('results.figure("%s")'):format(name)) }, 'code')
  end }
  for _, block in ipairs(figure.caption.long) do text:insert(pandoc.Para(block:walk(plain).content)) end
end

local function add(blocks)
  for _, block in ipairs(blocks) do
    if block.t == 'Figure' then
      draw(block)
    elseif block.t == 'Div' then
      add(block.content)
    else
      if block.t == 'Header' then
        flush()
        local number = block.attributes.number
        if number then block.content = pandoc.Inlines { pandoc.Str(number), pandoc.Space() } .. block.content end
        block.attr = {}
      end
      text:insert(block:walk(plain))
    end
  end
end

-- Blocks from the heading of the chapter to the next of its level.
local function chapter_of(blocks)
  local chapter, level = pandoc.Blocks {}, nil
  for _, block in ipairs(blocks) do
    if block.t == 'Header' and level and block.level <= level then break end
    if block.t == 'Header' and block.identifier == label then level = block.level end
    if level then chapter:insert(block) end
  end
  return #chapter > 0 and chapter or error('the report has no chapter ' .. label, 0)
end

-- The entries of the bibliography that the chapter cites.
local function references(blocks)
  local entries = pandoc.Blocks {}
  blocks:walk { Div = function(div)
    local key = div.identifier:match '^ref%-(.+)$'
    if key and cited[key] then entries:extend(div.content) end
  end }
  return entries
end

local function add_chapter(doc)
  cited = {}
  local chapter = chapter_of(doc.blocks)
  chapter:walk { Cite = function(cite)
    for _, citation in ipairs(cite.citations) do cited[citation.id] = true end
  end }
  add(chapter)
  if next(cited) then
    flush()
    text:insert(pandoc.Header(2, doc.meta.words.references))
    add(references(doc.blocks))
  end
  flush()
end

function Pandoc(doc)
  cells, text = pandoc.Blocks {}, pandoc.Blocks {}
  for name in pandoc.utils.stringify(doc.meta.chapters):gmatch '%S+' do
    label = name
    add_chapter(doc)
  end
  return pandoc.Pandoc(cells)
end
