-- A queue that holds at most three elements: `enqueue` says whether there was room (true or
-- false), `dequeue` returns the first element, or null when there is none.
--
--	faultline check --model docs/examples/bounded_queue.lua history.jsonl
local ROOM = 3

local function enqueue(queue, op)
	local has_room = #queue < ROOM
	if op.known and op.output ~= has_room then
		return nil -- such an answer is not possible
	end
	if has_room then
		table.insert(queue, op.input) -- the state is ours: it may be changed
	end
	return queue
end

local function dequeue(queue, op)
	local first = table.remove(queue, 1)
	if op.known and op.output ~= (first or null) then
		return nil
	end
	return queue
end

local step = { enqueue = enqueue, dequeue = dequeue }

return {
	name = "bounded queue",
	init = function()
		return {}
	end,
	step = function(queue, op)
		return step[op.f](queue, op)
	end,
	understands = function(op)
		return step[op.f] ~= nil
	end,
}
