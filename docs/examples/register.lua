-- A register with reads, writes and compare-and-set:
--
--	faultline check --model docs/examples/register.lua history.jsonl
--
-- A state is any value made of numbers, strings, booleans, tables and null. `op` has f,
-- input, output (nil when nobody knows the answer, null when the answer was nothing) and
-- known. A step returns the next state, or nil where the answer is not possible.
return {
	name = "register",

	init = function(initial) -- what --init says, or null
		return initial
	end,

	step = function(value, op)
		if op.f == "write" then
			return op.input
		elseif op.f == "read" then
			if not op.known or op.output == value then
				return value
			end
		elseif op.f == "cas" and op.input[1] == value then
			return op.input[2]
		end
	end,

	is_read = function(op) -- optional; makes searches faster
		return op.f == "read"
	end,
}
