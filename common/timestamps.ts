const FORM = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?$/;
const MICROSECONDS_PER_MINUTE = 60_000_000n;

export type ParsedTimestamp = { state: 'ok'; value: bigint } | { state: 'invalid'; why: string };

/**
 * Microseconds since 1970 in UTC of an RFC 3339 text, of any zone; at most 6 decimals count, more have to be 0. `why`
 * completes a sentence that begins with the value's name ("must …", "has …").
 */
export function parseTimestamp(text: string): ParsedTimestamp {
  const found = FORM.exec(text);
  if (found === null) return invalid('must be an RFC 3339 timestamp, e.g. "2026-03-29T02:30:00+01:00"');
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [fraction = '', zone] = [found[7], found[8]];
  if (zone === undefined)
    return invalid('has no zone: end it with Z for UTC, or with an offset such as +02:00');
  if (second === 60) return invalid('is a leap second, which the clocks of databases do not have');
  const offset = offsetMinutes(zone);
  const days = month >= 1 && month <= 12 ? daysOf(year, month) : 0;
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59 || offset === undefined) {
    return invalid('is no date and time that exists');
  }
  if (/[1-9]/.test(fraction.slice(6))) return invalid('is finer than microseconds, which are the limit');
  const milliseconds = new Date(0);
  // Not Date.UTC, which takes years below 100 for those of the 20th century.
  milliseconds.setUTCFullYear(year, month - 1, day);
  milliseconds.setUTCHours(hour, minute, second);
  const micro = BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  const local = BigInt(milliseconds.getTime()) * 1000n + micro;
  return { state: 'ok', value: local - BigInt(offset) * MICROSECONDS_PER_MINUTE };
}

function invalid(why: string): ParsedTimestamp {
  return { state: 'invalid', why };
}

/** Minutes that local time is ahead of UTC; undefined for an offset that does not exist. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function daysOf(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * RFC 3339 in UTC of microseconds since 1970, with six decimals: `2026-03-29T01:30:00.000000Z`. Throws RangeError
 * outside of the years 0000 to 9999, which the form cannot write.
 */
export function formatTimestamp(microseconds: bigint): string {
  const rest = ((microseconds % 1000n) + 1000n) % 1000n;
  const milliseconds = Number((microseconds - rest) / 1000n);
  const text = new Date(milliseconds).toISOString();
  if (text.length !== 24) throw new RangeError(`${microseconds} is no time of the years 0000 to 9999`);
  return `${text.slice(0, 23)}${String(rest).padStart(3, '0')}Z`;
}
