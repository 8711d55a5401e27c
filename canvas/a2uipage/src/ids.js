// The renderer takes every text of a component that equals the id of another one for a reference to it: a button called
// "cancel" whose action is called "cancel" is a circle to it. Within the renderer ids are therefore ones that no text equals.

const mark = '\u0001';

/** @param {string} id as the renderer has it */
export const given = (id) => id.replaceAll(mark, '');

const own = (id) => (typeof id === 'string' ? mark + id : id);

/** @param {any} m a message; it is not changed */
export function withOwnIds(m) {
  if (m?.beginRendering) return { ...m, beginRendering: { ...m.beginRendering, root: own(m.beginRendering.root) } };
  const list = m?.surfaceUpdate?.components;
  if (!Array.isArray(list)) return m;
  return { ...m, surfaceUpdate: { ...m.surfaceUpdate, components: list.map(component) } };
}

/** @param {any} c */
function component(c) {
  const [type, properties] = Object.entries(c?.component ?? {})[0] ?? [];
  if (!type) return c;
  return { ...c, id: own(c.id), component: { [type]: references(properties) } };
}

/** @param {any} properties of a component */
function references(properties) {
  const p = { ...properties };
  for (const key of ['child', 'entryPointChild', 'contentChild']) if (key in p) p[key] = own(p[key]);
  if (Array.isArray(p.tabItems)) p.tabItems = p.tabItems.map((item) => ({ ...item, child: own(item.child) }));
  if (p.children?.explicitList) p.children = { ...p.children, explicitList: p.children.explicitList.map(own) };
  if (p.children?.template) p.children = { ...p.children, template: { ...p.children.template, componentId: own(p.children.template.componentId) } };
  return p;
}
