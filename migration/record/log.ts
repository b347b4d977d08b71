import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';

/** An event of any stage, also of one that this version does not know. */
export interface AnyEvent {
  type: string;
  time: string;
  stage?: string;
  [key: string]: unknown;
}

export interface ChainedLog {
  events: AnyEvent[];
  /** Hash of each line: that of the last one stands for all of them. */
  hashes: string[];
  /** Number of the first line that does not follow from the one before; undefined: all do. */
  broken?: number | undefined;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Hash of no line at all. */
export const NO_LINE = hashOf('');

/** Lines of JSON each of which holds the hash of the one before (`before`). A last line that was cut off never happened. */
export function readChained(path: string): ChainedLog {
  if (!existsSync(path)) return { events: [], hashes: [] };
  const lines = readRegularText(path, MOST_RECORD).split('\n').slice(0, -1);
  const log: ChainedLog = { events: [], hashes: [] };
  let last = NO_LINE;
  for (const [at, line] of lines.entries()) {
    const event = parsed(line);
    if (event === undefined || event['before'] !== last) return { ...log, broken: at + 1 };
    last = hashOf(line);
    log.events.push(event);
    log.hashes.push(last);
  }
  return log;
}

function parsed(line: string): AnyEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    const { type, time } = event as Partial<AnyEvent>;
    return typeof time === 'string' && (typeof type === 'string' || 'gate' in (event as object))
      ? (event as AnyEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
