// The renderer shows an error, or nothing, for a control whose value is not in the data model yet, and for some literal
// values. Each control gets a place in the model here, with the literal or an empty value in it.

/** @type {Record<string, {property: string, literal: string, empty: (p: any) => unknown}>} */
const controls = {
  CheckBox: { property: 'value', literal: 'literalBoolean', empty: () => false },
  Slider: { property: 'value', literal: 'literalNumber', empty: (p) => p.minValue ?? 0 },
  DateTimeInput: { property: 'value', literal: 'literalString', empty: () => '' },
  MultipleChoice: { property: 'selections', literal: 'literalArray', empty: () => [] },
  TextField: { property: 'text', literal: 'literalString', empty: () => '' },
};

/** @param {any} processor @param {any} surface with a tree of nodes, if it is complete */
export function fillIn(processor, surface) {
  const surfaceId = [...processor.getSurfaces()].find(([, s]) => s === surface)?.[0];
  visit(surface.componentTree, (node) => {
    const control = controls[node.type];
    if (!control) return;
    const bound = node.properties[control.property] ?? {};
    let value;
    if (bound.path === undefined) {
      value = bound[control.literal] ?? control.empty(node.properties);
      node.properties[control.property] = { path: `/_controls/${node.id.replace(/[^\w-]/g, '_')}` };
    } else {
      value = control.empty(node.properties);
    }
    const { path } = node.properties[control.property];
    if (processor.getData(node, path, surfaceId) == null) processor.setData(node, path, value, surfaceId);
  });
}

/** @param {any} value @param {(node: any) => void} see */
function visit(value, see) {
  if (Array.isArray(value)) for (const v of value) visit(v, see);
  else if (value && typeof value === 'object') {
    if ('type' in value && 'properties' in value) {
      see(value);
      visit(Object.values(value.properties), see);
    } else if ('child' in value) visit(value.child, see); // an item of Tabs
  }
}
