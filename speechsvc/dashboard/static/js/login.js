// A link to a second (#t=12.3) survives signing in: the fragment never reaches the server, so the form carries it.
const next = document.querySelector('input[name="next"]');
if (next && location.hash) next.value += location.hash;
