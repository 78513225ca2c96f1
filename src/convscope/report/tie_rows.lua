-- So that no row stands alone on a page, an empty cell without width reaches over the first two rows of a table that
-- may break, and one over the last two: what a cell reaches over stays together.
return function(tbl)
  if #tbl.bodies ~= 1 then return end -- a layout of Quarto's is a table without any
  local rows = tbl.bodies[1].body
  if #rows < 2 then return end
  local function empty(rowspan)
    return pandoc.Cell({}, 'AlignDefault', rowspan, 1, { ['typst:inset'] = '0pt', ['typst:stroke'] = 'none' })
  end
  for place, row in ipairs(rows) do
    if #rows < 4 then -- all of it
      if place == 1 then row.cells:insert(empty(#rows)) end
    elseif place == 1 or place == #rows - 1 then
      row.cells:insert(empty(2))
    elseif place ~= 2 and place ~= #rows then
      row.cells:insert(empty(1))
    end
  end
  for _, row in ipairs(tbl.head.rows) do row.cells:insert(empty(1)) end
  tbl.bodies[1].body = rows
  tbl.colspecs:insert { 'AlignDefault', nil }
end
