/**
 * A text as another form of it reads, each character with the place in the original that it stands for: what is found
 * in the view is replaced in the original.
 */
export interface View {
  text: string;
  /** Where the i-th character begins in the original. */
  from(i: number): number;
  /** Where it ends there. */
  to(i: number): number;
}

/** Deeper than any server nests its answers: JSON in JSON in a page, a double-encoded parameter. */
const LEVELS = 4;

/** The text itself, and what is left of it as escapes are taken away: of JSON, addresses, HTML, SQL and CSV. */
export function unescapedViews(text: string): View[] {
  const views = [plainView(text)];
  while (views.length <= LEVELS) {
    const next = unescaped(views.at(-1)!);
    if (next === undefined) break;
    views.push(next);
  }
  return views;
}

function plainView(text: string): View {
  return { text, from: (i) => i, to: (i) => i + 1 };
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  sol: '/',
  plus: '+',
  equals: '=',
  num: '#',
  percnt: '%',
  colon: ':',
  commat: '@',
  dollar: '$',
  excl: '!',
};
const SHORT_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/**
 * One kind of escape each, the longest first. NUL (or its picture) stands between the letters of UTF-16 that was read
 * as bytes; a doubled quote is one in SQL and CSV.
 */
const ESCAPE =
  /(?:%[0-9a-f]{2})+|\\u\{?[0-9a-f]{1,6}\}?|\\x[0-9a-f]{2}|\\[0-3][0-7]{2}|\\[\s\S]|&#x[0-9a-f]{1,6};?|&#\d{1,7};?|&[a-z]{2,6};|[\0\u2400]|""|''/gi;

/** Undefined where nothing is escaped. */
function unescaped({ text, from, to }: View): View | undefined {
  if (text.search(ESCAPE) < 0) return undefined;
  const out: string[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  const put = (piece: string, first: number, last: number) => {
    for (const unit of piece.split('')) {
      out.push(unit);
      begins.push(from(first));
      ends.push(to(last));
    }
  };
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    for (; at < match.index; at++) put(text[at]!, at, at);
    const [token] = match;
    if (token[0] === '%') putBytes(token, at, put);
    else put(meaningOf(token), at, at + token.length - 1);
    at += token.length;
  }
  for (; at < text.length; at++) put(text[at]!, at, at);
  return { text: out.join(''), from: (i) => begins[i]!, to: (i) => ends[i]! };
}

function putBytes(
  token: string,
  at: number,
  put: (piece: string, first: number, last: number) => void,
): void {
  const bytes = Buffer.from(token.replaceAll('%', ''), 'hex');
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const size = Math.min(length, bytes.length - i);
    put(bytes.toString('utf8', i, i + size), at + 3 * i, at + 3 * (i + size) - 1);
    i += size;
  }
}

function meaningOf(token: string): string {
  if (token[0] === '\0' || token[0] === '\u2400') return '';
  if (token[0] === '"' || token[0] === "'") return token[0];
  if (token[0] === '&') {
    if (token[1] !== '#') return ENTITIES[token.slice(1, -1).toLowerCase()] ?? token;
    const digits = token.replace(/;$/, '').slice(2);
    return character(/^x/i.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number(digits));
  }
  const kind = token[1]!;
  if (token.length > 2 && /u/i.test(kind))
    return character(Number.parseInt(token.replace(/[^0-9a-f]/gi, ''), 16));
  if (token.length > 2 && /x/i.test(kind)) return character(Number.parseInt(token.slice(2), 16));
  if (token.length > 2) return character(Number.parseInt(token.slice(1), 8));
  return SHORT_ESCAPES[kind] ?? kind;
}

function character(code: number): string {
  return code > 0x10ffff || code === 0 ? '' : String.fromCodePoint(code);
}

const HEX = /(?:(?:\\x|0x|[ :,-]|, ?0x)?[0-9a-f]{2}){4,}[0-9a-f]?/gi;
const DECIMALS = /\d{1,3}(?:\s{0,4},\s{0,4}\d{1,3}){3,}/g;
const BASE64 = /[A-Za-z0-9+/_-](?:\r?\n?[A-Za-z0-9+/_-]){4,}/g;

/**
 * What bytes in a text say that are written as numbers, hexadecimal, or as base64 of either alphabet, read from each
 * place that they may begin at.
 *
 * @param least bytes that are worth a look
 */
export function byteViews(view: View, least: number): View[] {
  const views: View[] = [];
  const { text } = view;
  for (const { 0: run, index } of text.matchAll(HEX)) {
    if (run.length < 2 * least) continue;
    const places: number[] = [];
    for (const match of run.matchAll(/(?:\\x|0x)?[0-9a-f]/gi))
      places.push(index + match.index + match[0].length - 1);
    for (const shift of [0, 1]) views.push(hexView(view, places.slice(shift)));
  }
  for (const { 0: run, index } of text.matchAll(DECIMALS)) {
    const numbers = [...run.matchAll(/\d+/g)];
    if (numbers.length < least) continue;
    const places = numbers.map((match) => index + match.index);
    views.push({
      text: Buffer.from(numbers.map(([digits]) => Number(digits) & 255)).toString('latin1'),
      from: (i) => view.from(places[i]!),
      to: (i) => view.to(places[i]! + numbers[i]![0].length - 1),
    });
  }
  for (const { 0: run, index } of text.matchAll(BASE64)) {
    if (run.length < Math.floor((least * 4) / 3)) continue;
    const signs = run.replace(/\s+/g, '');
    const places = signs.length === run.length ? undefined : placesOf(run);
    const place = (i: number) => index + (places === undefined ? i : places[i]!);
    for (const shift of [0, 1, 2, 3])
      views.push(base64View(view, signs.slice(shift), (i) => place(i + shift)));
  }
  return views;
}

function placesOf(run: string): number[] {
  return [...run].flatMap((sign, i) => (/\s/.test(sign) ? [] : [i]));
}

function hexView(view: View, places: readonly number[]): View {
  const bytes = Buffer.alloc(places.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    const digits = view.text[places[2 * i]!]! + view.text[places[2 * i + 1]!]!;
    bytes[i] = Number.parseInt(digits, 16);
  }
  return {
    text: bytes.toString('latin1'),
    from: (i) => view.from(places[2 * i]!),
    to: (i) => view.to(places[2 * i + 1]!),
  };
}

function base64View(view: View, signs: string, place: (i: number) => number): View {
  return {
    text: Buffer.from(signs, 'base64').toString('latin1'),
    from: (i) => view.from(place(Math.floor((i * 8) / 6))),
    to: (i) => view.to(place(Math.min(signs.length - 1, Math.floor((i * 8 + 7) / 6)))),
  };
}
