"use strict";
(() => {
  const { parse, stringify } = JSON;
  const out = { settled: false };

  // What modules of other runtimes expect to be there.
  const silent = () => {};
  globalThis.console = { log: silent, info: silent, warn: silent, error: silent, debug: silent };
  globalThis.module = { exports: {} };
  globalThis.exports = globalThis.module.exports;

  const describe = (e) => (e instanceof Error ? `${e.name}: ${e.message}` : String(e));

  const urlOf = (path, query) => {
    const search = Object.entries(query)
      .flatMap(([k, vs]) => vs.map((v) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`))
      .join("&");
    const has = (k) => Object.hasOwn(query, k);
    const url = {
      pathname: path,
      search: search && `?${search}`,
      searchParams: {
        has,
        get: (k) => (has(k) ? query[k][0] : null),
        getAll: (k) => (has(k) ? [...query[k]] : []),
        keys: () => Object.keys(query),
      },
    };
    url.href = url.pathname + url.search;
    url.toString = () => url.href;
    return url;
  };

  // A name is looked up among the exports of an ES module, then among those of a CommonJS one.
  const find = (ns, name) => {
    const own = globalThis.module.exports;
    if (name) return ns[name] ?? own?.[name];
    return ns.default ?? (typeof own === "function" ? own : own?.default) ?? ns.transform ?? own?.transform;
  };

  globalThis.__start = (spec, name, input) => {
    import(spec)
      .then(async (ns) => {
        const f = find(ns, name);
        if (typeof f !== "function") {
          throw new TypeError(name ? `it exports no function ${name}` : "it exports no function, as default or as transform");
        }
        const { payload, headers, path, query, pathname } = parse(input);
        return f({ payload, headers, url: urlOf(pathname, query), path });
      })
      .then((v) => {
        const text = v === undefined ? "{}" : stringify(v);
        out.value = text === undefined ? "false" : text; // a function is no result
        out.settled = true;
      })
      .catch((e) => {
        out.error = describe(e) || "it failed";
        out.settled = true;
      });
  };
  globalThis.__outcome = () => stringify(out);
})();
