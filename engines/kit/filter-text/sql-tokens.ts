import type { TokenRule } from './tokens.js';

const doubled = (quote: string) => (text: string) => text.slice(1, -1).replaceAll(quote + quote, quote);

/** Of SQL as PostgreSQL and DataFusion write it. Texts with escapes (E'…') and dollar quotes are not read. */
export const SQL_TOKENS: readonly TokenRule[] = [
  { form: /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y, kind: undefined },
  { form: /'(?:[^']|'')*'/y, kind: 'text', value: doubled("'") },
  { form: /"(?:[^"]|"")+"/y, kind: 'quoted', value: doubled('"') },
  { form: /`(?:[^`]|``)+`/y, kind: 'quoted', value: doubled('`') },
  { form: /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}_])/uy, kind: 'number' },
  { form: /\$\d+/y, kind: 'parameter', value: (text) => text.slice(1) },
  // A letter before a quote makes another kind of text of it.
  { form: /[\p{L}_][\p{L}\p{N}_$]*(?!')/uy, kind: 'name' },
  { form: /#>>|->>|->|@>|<@|&&|::|<=|>=|<>|!=|[=<>()[\],.;+*/-]/y, kind: 'sign' },
];
