// Images on their way into a message. One frame to the gateway has a size limit, so what does not
// fit is drawn smaller, and the person is told.

import { size } from './time.js';

const SOURCE_LIMIT = 20_000_000;
const IMAGE_LIMIT = 5_000_000; // what the gateway takes per image
const MESSAGE_ROOM = 24_576; // kept free for the text and the frame around it
const MIN_ROOM = 8_000;
const kinds = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const steps = [[2048, 0.86], [1600, 0.84], [1280, 0.82], [1024, 0.8], [800, 0.76], [640, 0.7], [480, 0.6], [320, 0.5]];

/**
 * @param {File} file @param {number} maxPayload bytes per frame @param {number} used base64 characters of the other attachments
 * @returns {Promise<{attachment: import('./turns.js').Attachment, note: string}>}
 */
export async function prepare(file, maxPayload, used) {
  const name = file.name || 'image.png';
  if (!file.type.startsWith('image/')) throw new Error(`${name} is not an image: only images can be attached.`);
  if (file.size > SOURCE_LIMIT) throw new Error(`${name} has ${size(file.size)}: images may have ${size(SOURCE_LIMIT)}.`);
  const room = maxPayload - MESSAGE_ROOM - used;
  if (room < MIN_ROOM) throw new Error(`${name} does not fit: one message may have ${size(maxPayload)} with all its images.`);
  const fits = Math.min(IMAGE_LIMIT, Math.floor(room / 4) * 3);
  if (kinds.has(file.type) && file.size <= fits) {
    return { attachment: { name, mimeType: file.type, content: await base64(file), size: file.size }, note: '' };
  }
  const small = await shrink(file, fits, name);
  const note = file.size > fits ? `${name} was made smaller, from ${size(file.size)} to ${size(small.size)}: one message may have ${size(maxPayload)}.` : '';
  return { attachment: { name: name.replace(/\.\w+$/, '.jpg'), mimeType: 'image/jpeg', content: await base64(small), size: small.size }, note };
}

/** @param {File} file @param {number} fits bytes @param {string} name @returns {Promise<Blob>} */
async function shrink(file, fits, name) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${name} cannot be read as an image.`);
  }
  for (const [side, quality] of steps) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    /** @type {Blob | null} */
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', quality); });
    if (blob && blob.size <= fits) return blob;
  }
  throw new Error(`${name} does not fit, even made smaller.`);
}

/** @param {Blob} blob @returns {Promise<string>} */
function base64(blob) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(',', 2)[1] || '');
    reader.onerror = () => fail(new Error('The file could not be read.'));
    reader.readAsDataURL(blob);
  });
}
