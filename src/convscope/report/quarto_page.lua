-- For Quarto's HTML, after Quarto's own filters. The title is the one <h1> of a page, so that headings begin at <h2>; their
-- numbers are counted here, since Pandoc would begin them with "0.".
local counts = {}

function Header(header)
  if not header.classes:includes 'unnumbered' then
    counts[header.level] = (counts[header.level] or 0) + 1
    for level = header.level + 1, 6 do counts[level] = nil end
    local numbers = {}
    for level = 1, header.level do numbers[level] = counts[level] or 0 end
    header.attributes.number = table.concat(numbers, '.')
  end
  header.level = header.level + 1
  return header
end
