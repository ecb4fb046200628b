// Runs before the first paint, so that a dark room never flashes white.
(function () {
  const root = document.documentElement;
  const read = (name) => {
    try {
      return localStorage.getItem('zhisheng.' + name) || '';
    } catch {
      return ''; // Storage may be forbidden; the defaults then hold.
    }
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const preferred = () => {
    const page = root.dataset.themeDefault || '';
    if (page === 'dark' || (page === 'dark-phone' && innerWidth <= 900)) return 'dark';
    return dark.matches ? 'dark' : 'light';
  };
  const apply = () => {
    root.dataset.theme = read('theme') || preferred();
    for (const name of ['text', 'density', 'keys']) {
      const value = read(name);
      if (value) root.dataset[name] = value;
      else delete root.dataset[name];
    }
    document.dispatchEvent(new CustomEvent('display:changed'));
  };
  root.classList.add('js');
  apply();
  dark.addEventListener('change', apply);
  addEventListener('storage', apply);
  document.addEventListener('display:set', apply);
})();
