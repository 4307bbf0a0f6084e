package native

answers := [json.marshal(answer(call)) | some call in input]

answer(c) := [x | x := time.clock(c[1])] if c[0] == "time.clock"
answer(c) := [x | x := time.date(c[1])] if c[0] == "time.date"
answer(c) := [x | x := time.weekday(c[1])] if c[0] == "time.weekday"
answer(c) := [x | x := time.add_date(c[1], c[2], c[3], c[4])] if c[0] == "time.add_date"
answer(c) := [x | x := time.diff(c[1], c[2])] if c[0] == "time.diff"
answer(c) := [x | x := time.format(c[1])] if c[0] == "time.format"
answer(c) := [x | x := time.parse_ns(c[1], c[2])] if c[0] == "time.parse_ns"
answer(c) := [x | x := time.parse_rfc3339_ns(c[1])] if c[0] == "time.parse_rfc3339_ns"
answer(c) := [x | x := time.parse_duration_ns(c[1])] if c[0] == "time.parse_duration_ns"
