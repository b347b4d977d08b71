/** An environment variable that a suite uses. */
export interface Secret {
  name: string;
  value: string;
}

/** Shorter values are no secrets, and hiding each `1` or `.` would make every text unreadable. */
const SHORTEST = 4;

/** Writes the values of environment variables as `${NAME}` again, in everything that goes to a file or a terminal. */
export interface Redactor {
  text(text: string): string;
  /** Redacts every string inside a JSON-like value. */
  json<T>(value: T): T;
  /** The opposite of `json`, for what is read back from a run. */
  reveal<T>(value: T): T;
}

export function redactor(secrets: readonly Secret[]): Redactor {
  // Longest first, so that a value that contains another is hidden whole.
  const known = secrets
    .filter(({ value }) => value.length >= SHORTEST)
    .toSorted((a, b) => b.value.length - a.value.length);
  const text = (given: string) =>
    known.reduce((done, { name, value }) => done.replaceAll(value, `\${${name}}`), given);
  const back = (given: string) =>
    known.reduce((done, { name, value }) => done.replaceAll(`\${${name}}`, value), given);
  return {
    text,
    json: <T>(value: T) => mapStrings(value, text) as T,
    reveal: <T>(value: T) => mapStrings(value, back) as T,
  };
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapStrings(each, change)]));
}
