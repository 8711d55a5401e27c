// Applied before the first paint, so it is a classic script in the head and not a module.
(() => {
  const saved = localStorage.getItem('clawdbot.theme');
  if (saved === 'light' || saved === 'dark') document.documentElement.dataset.theme = saved;
})();
