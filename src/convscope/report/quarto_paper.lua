-- For Quarto's PDF, after Quarto's own filters: the TeX source of a formula becomes its alternative text, which accessible
-- PDF (PDF/UA-1) requires, no row of a table stands alone on a page, and what floats stands where our own filters put it.

local here = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local tie_rows = dofile(pandoc.path.join { here, 'tie_rows.lua' })
local place_floats = dofile(pandoc.path.join { here, 'floats.lua' })

local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end

local function with_alt(math)
  local code = pandoc.write(pandoc.Pandoc { pandoc.Plain { math } }, 'typst'):gsub('%s+$', '')
  local is_block = tostring(math.mathtype == 'DisplayMath')
  return pandoc.RawInline('typst', ('#math.equation(block: %s, alt: %s, %s)'):format(is_block, quoted(math.text), code))
end

-- Around a formula with a number Quarto has written an equation of Typst by then, which needs the text, too.
function Inlines(inlines)
  for place, inline in ipairs(inlines) do
    if inline.t == 'Math' then
      local before = inlines[place - 1]
      if before and before.t == 'RawInline' then
        before.text = before.text:gsub('(#math%.equation%()(block: true, numbering)', function(call, rest)
          return call .. 'alt: ' .. quoted(inline.text) .. ', ' .. rest
        end)
        inlines[place - 1] = before
      end
      inlines[place] = with_alt(inline)
    end
  end
  return inlines
end

function Table(tbl)
  tie_rows(tbl)
  return tbl
end

-- Quarto writes the call of a figure later: by now each is a block of this kind.
local function float_of(block)
  if block.t ~= 'Div' or block.attributes.__quarto_custom_type ~= 'FloatRefTarget' then return nil end
  local float = block
  block:walk { Table = function(tbl) float = tbl end }
  return float
end

function Pandoc(doc)
  if doc.meta.floats then doc.blocks = place_floats(doc.blocks, float_of) end
  return doc
end
