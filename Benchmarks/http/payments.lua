-- What wrk sends. With PAYMENTS, a file of payments, a line each: COUNT of them after the first FIRST, one after the other,
-- each as a POST. Without it, a GET.
local path = os.getenv("PAYMENTS")
if path then
    local requests, sent = {}, 0
    local first, count = tonumber(os.getenv("FIRST")), tonumber(os.getenv("COUNT"))
    local headers = { ["Content-Type"] = "application/json" }

    function init()
        local number = 0
        for line in io.lines(path) do
            number = number + 1
            if number > first then requests[#requests + 1] = wrk.format("POST", nil, headers, line) end
            if #requests == count then break end
        end
    end

    function request()
        sent = sent + 1
        return requests[(sent - 1) % count + 1]
    end
end
