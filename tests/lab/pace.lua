-- Milliseconds between two requests of one connection of wrk.
function delay()
   return 10
end
