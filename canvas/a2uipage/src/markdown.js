// Texts of A2UI may have simple Markdown: no HTML, no images, no links that run scripts.

import MarkdownIt from 'markdown-it';

const md = new MarkdownIt({ html: false, linkify: false, breaks: true }).disable(['image']);

// Within a frame a link must not take the canvas away.
md.renderer.rules.link_open = (tokens, at, options, _env, self) => {
  tokens[at].attrSet('target', '_blank');
  tokens[at].attrSet('rel', 'noopener noreferrer');
  return self.renderToken(tokens, at, options);
};

/** @param {string} text */
export const markdown = (text) => md.render(text);
