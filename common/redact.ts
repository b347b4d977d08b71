import { existsSync } from 'node:fs';
import { byteViews, unescapedViews, type View } from './decoded-views.js';

/** A value that must be neither shown nor stored: a variable that a suite uses, a password, a key. */
export interface Secret {
  name: string;
  value: string;
  /** Stands in its place; `${name}` if absent. */
  shown?: string | undefined;
  /** Known to be a credential, and not just a variable of a suite. */
  credential?: boolean | undefined;
}

/** Shorter values are not hidden: hiding each `1` or `.` would make every text unreadable. */
export const SHORTEST_SECRET = 4;
/** From this length on, a value is looked for at every door and in any case of letters. */
const FIRM = 8;
/** From this length on, parts of a key are hidden, too; of this length and more. */
const PARTS_FROM = 16;
const PART = 8;

/** Writes secrets as their names again, in everything that goes to a file or a terminal. */
export interface Redactor {
  /**
   * Hides every secret, in whatever form it stands there: as it is, escaped (JSON, addresses, HTML, also twice), as
   * hexadecimal, numbers or base64 (of it, or of a text that it is part of), and of keys of 16 and more characters any
   * part of 8 and more.
   */
  text(text: string): string;
  /**
   * The same, but only secrets that no word of our own could be: for whole files, in which a variable of `1000` or
   * `cosine` must change nothing.
   * @param wrap what stands in place of a secret, in the form of the file
   */
  firm(text: string, wrap?: (shown: string) => string): string;
  /** `text` for every string inside a JSON-like value, keys included. */
  json<T>(value: T): T;
  /** The opposite of `json`, for what is read back from a run. */
  reveal<T>(value: T): T;
}

export function redactor(secrets: readonly Secret[]): Redactor {
  const known = [...new Map(secrets.map((each) => [each.value, each])).values()]
    .filter(({ value }) => value.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.value.length - a.value.length);
  const all = new Finder(known.flatMap(withInner));
  const firmOnly = new Finder(known.flatMap(withInner).filter(isFirm));
  const text = (given: string) => all.replace(given, (shown) => shown);
  const back = (given: string) =>
    known.reduce((done, secret) => done.replaceAll(shownFor(secret), secret.value), given);
  return {
    text,
    firm: (given, wrap = (shown) => shown) => firmOnly.replace(given, wrap),
    json: <T>(value: T) => (known.length === 0 ? value : (mapStrings(value, text) as T)),
    reveal: <T>(value: T) => mapStrings(value, back) as T,
  };
}

function shownFor({ name, shown }: Secret): string {
  return shown ?? `\${${name}}`;
}

/** A value that is an address: the password in it by itself, too, as it is and as it was meant. */
function withInner(secret: Secret): Secret[] {
  if (!URL.canParse(secret.value)) return [secret];
  const { password } = new URL(secret.value);
  const shown = `<password of ${secret.name}>`;
  const inner = [...new Set([password, decoded(password)])]
    .filter((value) => value.length >= SHORTEST_SECRET)
    .map((value) => ({ name: secret.name, value, shown, credential: true }));
  return [secret, ...inner];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** No word, number or path of ours is taken for it. */
function isFirm({ value }: Secret): boolean {
  if (value.length < FIRM) return false;
  if (/^([a-z]+|[A-Z]+|[A-Z][a-z]+|[\d.]+)$/.test(value)) return value.length >= 3 * FIRM;
  return !(/^(\.{0,2}[/\\]|[A-Za-z]:\\)/.test(value) && existsSync(value));
}

/** Whether parts of it tell something: a key, and no address, path or sentence. */
function isKey({ value, credential = false }: Secret): boolean {
  if (value.length < PARTS_FROM) return false;
  if (credential) return true;
  return /^[\w+/=-]+(\.[\w+/=-]+){0,2}$/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value);
}

interface Span {
  start: number;
  end: number;
  shown: string;
}

class Finder {
  readonly #exact: readonly { value: string; lower: boolean; shown: string }[];
  readonly #keys: readonly { value: string; shown: string }[];
  /** Where parts of keys begin. */
  readonly #parts = new Map<string, { key: number; at: number }[]>();
  /** Of the first two letters of parts: most places of a text are passed over by it. */
  readonly #begins = new Uint8Array(65_536);

  /** Bytes that are worth a look. */
  readonly #least: number;

  constructor(secrets: readonly Secret[]) {
    const lengths = secrets.map((secret) => (isKey(secret) ? PART : secret.value.length));
    this.#least = Math.min(PART, ...lengths);
    this.#exact = secrets.flatMap((secret) => {
      const lower = isFirm(secret);
      return formsOf(secret.value).map((form) => ({
        value: lower ? lowered(form) : form,
        lower,
        shown: shownFor(secret),
      }));
    });
    this.#keys = secrets
      .filter(isKey)
      .flatMap((secret) =>
        formsOf(secret.value).map((form) => ({ value: lowered(form), shown: shownFor(secret) })),
      );
    for (const [key, { value }] of this.#keys.entries()) {
      for (let at = 0; at + PART <= value.length; at++) {
        const part = value.slice(at, at + PART);
        this.#parts.set(part, [...(this.#parts.get(part) ?? []), { key, at }]);
        this.#begins[beginOf(part, 0)] = 1;
      }
    }
  }

  replace(text: string, wrap: (shown: string) => string): string {
    if (this.#exact.length === 0 || text.length < SHORTEST_SECRET) return text;
    const spans = this.#find(text);
    if (spans.length === 0) return text;
    let done = '';
    let at = 0;
    for (const { start, end, shown } of united(spans)) {
      done += text.slice(at, start) + wrap(shown);
      at = end;
    }
    return done + text.slice(at);
  }

  #find(text: string): Span[] {
    const spans: Span[] = [];
    const views = unescapedViews(text);
    for (const view of views) {
      this.#search(view, spans);
      for (const bytes of byteViews(view, this.#least)) this.#searchInside(bytes, spans, 1);
    }
    return spans;
  }

  /** Bytes that hold escapes, UTF-16, or base64 once more. */
  #searchInside(bytes: View, spans: Span[], depth: number): void {
    for (const view of unescapedViews(bytes.text)) {
      const placed = through(bytes, view);
      this.#search(placed, spans);
      if (depth > 0)
        for (const inner of byteViews(placed, this.#least)) this.#searchInside(inner, spans, depth - 1);
    }
  }

  #search(view: View, spans: Span[]): void {
    const { text } = view;
    const low = lowered(text);
    const add = (start: number, length: number, shown: string) => {
      if (length > 0) spans.push({ start: view.from(start), end: view.to(start + length - 1), shown });
    };
    for (const { value, lower, shown } of this.#exact) {
      const within = lower ? low : text;
      for (let at = within.indexOf(value); at >= 0; at = within.indexOf(value, at + value.length))
        add(at, value.length, shown);
    }
    if (this.#keys.length === 0) return;
    for (let at = 0; at + PART <= low.length; at++) {
      if (this.#begins[beginOf(low, at)] === 0) continue;
      let longest = 0;
      for (const { key, at: inKey } of this.#parts.get(low.slice(at, at + PART)) ?? []) {
        const { value, shown } = this.#keys[key]!;
        let length = PART;
        while (inKey + length < value.length && low[at + length] === value[inKey + length]) length++;
        add(at, length, shown);
        longest = Math.max(longest, length);
      }
      if (longest > 0) at += longest - PART;
    }
  }
}

/**
 * What a value is as views of texts show it: without what looks like an escape in it, with a plus for a blank, and its
 * UTF-8 read byte by byte.
 */
function formsOf(value: string): string[] {
  const forms = unescapedViews(value).flatMap(({ text }) => [
    text,
    text.replaceAll(' ', '+'),
    Buffer.from(text).toString('latin1'),
  ]);
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST_SECRET);
}

function beginOf(text: string, at: number): number {
  return ((text.charCodeAt(at) & 255) << 8) | (text.charCodeAt(at + 1) & 255);
}

/** A view of a view's text, placed in the original. */
function through(outer: View, { text, from, to }: View): View {
  return { text, from: (i) => outer.from(from(i)), to: (i) => outer.to(to(i) - 1) };
}

/** Lower case of ASCII letters alone: no character becomes two. */
function lowered(text: string): string {
  const low = text.toLowerCase();
  return low.length === text.length ? low : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Those that overlap are one, under the name of the longest. */
function united(spans: readonly Span[]): Span[] {
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const done: (Span & { longest: number })[] = [];
  for (const span of sorted) {
    const last = done.at(-1);
    const length = span.end - span.start;
    if (last === undefined || span.start >= last.end) done.push({ ...span, longest: length });
    else {
      last.end = Math.max(last.end, span.end);
      if (length > last.longest) Object.assign(last, { shown: span.shown, longest: length });
    }
  }
  return done;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [change(key), mapStrings(each, change)]),
  );
}
