import { InvalidArgumentError } from 'commander';

/** `key=value` of an option that may be repeated; numbers and booleans as such, everything else as text. */
export function parameterOption(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, key, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError('must be key=value, such as m=16.');
  const number = Number(value);
  const typed =
    value === 'true' || value === 'false' ? value === 'true' : Number.isNaN(number) ? value : number;
  return { ...before, [key]: typed };
}
