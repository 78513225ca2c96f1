-- Where on paper a figure or a table stands that the template would let float. A float does not break across pages: a table
-- that may be longer than one stands in the text. It goes to the top of a page where that is nearer, also above the heading
-- of the chapter that it opens: the first of a chapter goes to the bottom.
local function is_long(tbl)
  local rows = 0
  for _, body in ipairs(tbl.bodies) do rows = rows + #body.body end
  return rows > 34 or #pandoc.utils.stringify(tbl) > 4000
end

local function raw(text) return pandoc.RawBlock('typst', text) end

-- `float_of` returns nil for a block that does not float, its table for one that is a table, else anything.
return function(blocks, float_of)
  local opened = false
  local function placed(within)
    local result = pandoc.Blocks {}
    for _, block in ipairs(within) do
      local float, placement = float_of(block), nil
      if block.t == 'Header' and block.level == 1 then opened = true end
      if float and float.t == 'Table' and is_long(float) then
        placement = 'none'
      elseif float and opened then
        placement, opened = 'bottom', false
      elseif not float and block.t == 'Div' then
        block.content = placed(block.content)
      end
      result:extend(placement and { raw(('#[#set figure(placement: %s)'):format(placement)), block, raw ']' } or { block })
    end
    return result
  end
  return placed(blocks)
end
