/** Ways in which a server may give back what it was sent. */
export const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  percent: (value) => encodeURIComponent(value),
  'percent, lower case': (value) => encodeURIComponent(value).replace(/%../g, (byte) => byte.toLowerCase()),
  'every byte percent': (value) => hex(value).replace(/../g, '%$&'),
  'percent twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'form data': (value) => new URLSearchParams({ key: value }).toString(),
  'JSON string': (value) => JSON.stringify(value),
  'JSON in JSON': (value) => JSON.stringify(JSON.stringify({ key: value })),
  'JSON \\u': (value) => units(value, (code) => `\\u${code.toString(16).padStart(4, '0')}`),
  'hex escapes': (value) => hex(value).replace(/../g, '\\x$&'),
  HTML: (value) =>
    value.replace(
      /[&<>"']/g,
      (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? '&#39;',
    ),
  'HTML numbers': (value) => [...value].map((sign) => `&#${sign.codePointAt(0)};`).join(''),
  'HTML of JSON': (value) => JSON.stringify(value).replaceAll('"', '&#x22;'),
  base64: (value) => Buffer.from(value).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'basic authorization': (value) => `Basic ${Buffer.from(`me:${value}`).toString('base64')}`,
  'base64 of an error': (value) => Buffer.from(`{"error":"key ${value} is wrong"}`).toString('base64'),
  'base64 twice': (value) => Buffer.from(Buffer.from(value).toString('base64')).toString('base64'),
  'base64 of UTF-16': (value) => Buffer.from(value, 'utf16le').toString('base64'),
  hex: (value) => hex(value),
  'hex, upper case': (value) => hex(value).toUpperCase(),
  'hex with spaces': (value) => hex(value).replace(/..(?=.)/g, '$& '),
  bytes: (value) => `[${[...Buffer.from(value)].join(', ')}]`,
  'UTF-16 as bytes': (value) => Buffer.from(value, 'utf16le').toString('latin1'),
  'SQL literal': (value) => `'${value.replaceAll("'", "''")}'`,
  CSV: (value) => `"${value.replaceAll('"', '""')}"`,
  'upper case': (value) => value.toUpperCase(),
  'lower case': (value) => value.toLowerCase(),
};

function hex(value: string): string {
  return Buffer.from(value).toString('hex');
}

function units(value: string, as: (code: number) => string): string {
  return Array.from({ length: value.length }, (_, i) => as(value.charCodeAt(i))).join('');
}

/** Whether a text still says a value in one of these ways, by their own encoders: independent of what hides it. */
export function spellsOut(text: string, value: string): boolean {
  return Object.values(ENCODINGS).some((encode) => text.includes(encode(value)));
}
