// What chat.history returns, brought into one shape. Content may be a string or a list of parts,
// and unknown roles and parts pass through as text.

/**
 * @typedef {{type: 'text', text: string} | {type: 'thinking', text: string} | {type: 'image', src: string}
 *   | {type: 'tool', id: string, name: string, args: any}} Part
 * @typedef {{
 *   key: string, role: string, at: number, runId: string, parts: Part[], text: string,
 *   toolCallId: string, toolName: string, result: {content: Part[]}, isError: boolean, error: string, stopReason: string, model: string,
 * }} Entry
 */

const imageType = /^image\/(?:png|jpeg|gif|webp)$/;
const attached = /!\[[^\]\n]{0,200}\]\((data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+)\)/g;

/** @param {any[]} messages @returns {Entry[]} */
export function entries(messages) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return messages.filter((m) => m && typeof m === 'object').map((m) => {
    const parts = partsOf(m.content);
    const text = parts.map((p) => (p.type === 'text' ? p.text : '')).filter(Boolean).join('\n\n');
    const at = typeof m.timestamp === 'number' ? m.timestamp : 0;
    const base = str(m.id) || `${m.role}|${at}|${str(m.toolCallId)}|${text.length}|${text.slice(0, 48)}`;
    const n = seen.get(base) || 0;
    seen.set(base, n + 1);
    return {
      key: n ? `${base}|${n}` : base,
      role: str(m.role) || 'system', at, parts, text,
      // Not part of protocol 2; used when the gateway says it, so that an echo is matched exactly.
      runId: str(m.runId) || str(m.idempotencyKey),
      toolCallId: str(m.toolCallId), toolName: str(m.toolName), result: { content: parts }, isError: m.isError === true,
      error: str(m.errorMessage), stopReason: str(m.stopReason), model: str(m.model),
    };
  });
}

/** @param {any} v */
const str = (v) => (typeof v === 'string' ? v : '');

/** @param {any} content @returns {Part[]} */
export function partsOf(content) {
  if (typeof content === 'string') return content ? textParts(content) : [];
  if (!Array.isArray(content)) return [];
  /** @type {Part[]} */
  const out = [];
  for (const p of content) {
    if (typeof p === 'string') out.push(...textParts(p));
    else if (p?.type === 'text') out.push(...textParts(str(p.text)));
    else if (p?.type === 'thinking') out.push({ type: 'thinking', text: str(p.thinking) });
    else if (p?.type === 'image') out.push(imagePart(p));
    else if (p?.type === 'toolCall') out.push({ type: 'tool', id: str(p.id), name: str(p.name) || 'tool', args: p.arguments });
  }
  return out;
}

/** Attachments travel inside the text as Markdown images; here they become parts of their own. @param {string} text @returns {Part[]} */
function textParts(text) {
  if (!text.includes('](data:image/')) return [{ type: 'text', text }];
  /** @type {Part[]} */
  const images = [];
  const rest = text.replace(attached, (_, src) => {
    images.push({ type: 'image', src });
    return '';
  });
  return [{ type: 'text', text: rest.trim() }, ...images];
}

/** @param {any} p @returns {Part} */
function imagePart(p) {
  const data = str(p.data).replace(/\s/g, '');
  if (data && imageType.test(str(p.mimeType)) && /^[A-Za-z0-9+/=]+$/.test(data)) return { type: 'image', src: `data:${p.mimeType};base64,${data}` };
  return { type: 'text', text: '[image not shown]' };
}

/** The text of a chat event's message. @param {any} message */
export function textOf(message) {
  return partsOf(message?.content).map((p) => (p.type === 'text' ? p.text : '')).join('');
}
