// The icon set: one path per name on a 20 x 20 grid, drawn with currentColor.
const paths = {
  menu: 'M3 6h14M3 10h14M3 14h9',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  send: 'M10 16V4M5 9l5-5 5 5',
  stop: 'M6 6h8v8H6z',
  image: 'M3.500 4.500h13v11h-13zM3.500 13l3.500-3.500 3 3 2.500-2.500 4 4M12.800 7.600h.01',
  sun: 'M10 7a3 3 0 100 6 3 3 0 000-6zM10 2v2M10 16v2M2 10h2M16 10h2M4.300 4.300l1.400 1.400M14.300 14.300l1.400 1.400M4.300 15.700l1.400-1.400M14.300 5.700l1.400-1.400',
  moon: 'M16 11.500A6.500 6.500 0 118.500 4a5.200 5.200 0 007.500 7.500z',
  auto: 'M10 3a7 7 0 100 14 7 7 0 000-14zM10 3v14M10 6.500h5M10 10h7M10 13.500h5',
  clock: 'M10 3.500a6.500 6.500 0 100 13 6.500 6.500 0 000-13zM10 6.500V10l2.500 1.500',
  check: 'M4 10.500l4 4 8-9',
  alert: 'M10 3.500l7 12.500H3zM10 8.500v3.500M10 14.200v.01',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  tool: 'M12.500 3.500a4 4 0 00-3.800 5.300L3.500 14l2.500 2.500 5.200-5.200a4 4 0 005.100-5l-2.500 2.500-2.300-.600-.600-2.300 2.500-2.500a4 4 0 00-.9-.1z',
  chevron: 'M7.500 5l5 5-5 5',
  down: 'M10 4v12M5 11l5 5 5-5',
  chat: 'M3.500 4.500h13v9H9l-3.500 3v-3h-2z',
  group: 'M7.500 9.500a2.700 2.700 0 100-5.400 2.700 2.700 0 000 5.400zM2.500 16c.3-3 2.300-4.500 5-4.500s4.700 1.500 5 4.500M13 4.400a2.700 2.700 0 010 5M14.500 11.800c1.800.6 2.800 2 3 4.200',
  thought: 'M10 4c4 0 6.500 2.200 6.500 5s-2.500 5-6.500 5c-.7 0-1.400-.1-2-.2L4.500 15.500l.8-2.800C4.200 11.700 3.500 10.400 3.500 9c0-2.800 2.500-5 6.500-5z',
  phone: 'M6 2.500h8v15H6zM9 15h2',
  canvas: 'M3 4h14v12H3zM11.500 4v12',
  reload: 'M15.500 8A6 6 0 1016 11.500M16 4v4h-4',
  overview: 'M3 13.500a7 7 0 0114 0M10 13.500l3.500-4.500M3 16.500h14',
  surfaces: 'M7 3v4M13 3v4M5 7h10v2.500a5 5 0 01-10 0zM10 14.500V18',
  actors: 'M10 3v4M10 7H5v4M10 7h5v4M10 7v4M3.500 11h3v3h-3zM8.500 11h3v3h-3zM13.500 11h3v3h-3z',
  outbox: 'M3 12v4.500h14V12M3 12h4l1 2h4l1-2h4M10 10V3M7 6l3-3 3 3',
  config: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4',
  log: 'M4 4.500h12M4 8.500h12M4 12.500h8M4 16.500h5',
  skills: 'M4 4h5.500v12.500H4zM9.500 5l4-1 3 12-4 1z',
  models: 'M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3',
  setup: 'M4 16L13 7M11.500 5.500l3 3M15.500 2.500v3M14 4h3M5.500 4v3M4 5.500h3M15.500 12v3M14 13.500h3',
  sessions: 'M4 5h.01M8 5h8M4 10h.01M8 10h8M4 15h.01M8 15h8',
  more: 'M4.500 10h.8M9.600 10h.8M14.700 10h.8',
  claw: 'M6 16C4.500 11.500 6 7.500 8.300 5M10.200 16c-1-4 0-7.500 2-10M14.300 16c-.8-3.200 0-6 1.500-8',
};

const ns = 'http://www.w3.org/2000/svg';

/** @param {keyof typeof paths} name @param {string} [extra] more classes */
export function icon(name, extra = '') {
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', `icon ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
