/**
 * Kinds of errors of queries sent under load, by what their text begins with. `timeout`: no answer within the workload's
 * time-out; `unsent`: it waited that long for a free place; `connection`: the connection broke; all others are the
 * engine's own words.
 */
const KINDS = {
  timeout: 'timeout: ',
  unsent: 'not sent: ',
  connection: 'connection: ',
} as const;

export type LoadErrorKind = keyof typeof KINDS | 'other';
export const LOAD_ERROR_KINDS = [...(Object.keys(KINDS) as (keyof typeof KINDS)[]), 'other'] as const;

export function loadErrorText(kind: keyof typeof KINDS, text: string): string {
  return `${KINDS[kind]}${text}`;
}

export function loadErrorKind(text: string): LoadErrorKind {
  const found = Object.entries(KINDS).find(([, begin]) => text.startsWith(begin));
  return (found?.[0] as LoadErrorKind | undefined) ?? 'other';
}
