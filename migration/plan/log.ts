import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { appendText, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { hideInFile } from '../../common/secrets.js';
import { eventSchema, type PlanEvent } from './events.js';

/**
 * The events of a migration, one JSON object a line. Each line holds the hash of the one before it, so that a line that
 * was changed or removed by hand is noticed.
 */
export class EventLog {
  readonly #path: string;
  readonly #events: PlanEvent[];
  #last: string;

  /**
   * A last line that was cut off by a kill never happened.
   * @throws InputError naming the first line that is not as it was written
   */
  constructor(path: string) {
    this.#path = path;
    const { events, last } = read(path);
    this.#events = events;
    this.#last = last;
  }

  get events(): readonly PlanEvent[] {
    return this.#events;
  }

  /** On disk when it returns. */
  append(event: PlanEvent): void {
    // Hidden before it is hashed: the hash is of what stands in the file.
    const line = hideInFile(JSON.stringify({ ...event, before: this.#last }));
    dropTorn(this.#path);
    appendText(this.#path, `${line}\n`, { flush: true });
    this.#events.push(event);
    this.#last = hashOf(line);
  }
}

const START = hashOf('');

function read(path: string): { events: PlanEvent[]; last: string } {
  const events: PlanEvent[] = [];
  let last = START;
  if (!existsSync(path)) return { events, last };
  for (const [at, line] of readRegularText(path, MOST_RECORD).split('\n').slice(0, -1).entries()) {
    const event = eventOf(line, last);
    if (event === undefined)
      throw new InputError('is not as it was written: the log of a migration is not to be edited', {
        where: `${path}:${at + 1}`,
        next: 'restore the file from a copy, or give the plan another name and begin again',
      });
    events.push(event);
    last = hashOf(line);
  }
  return { events, last };
}

function eventOf(line: string, last: string): PlanEvent | undefined {
  try {
    const { before, ...event } = JSON.parse(line) as Record<string, unknown>;
    return before === last ? eventSchema.parse(event) : undefined;
  } catch {
    return undefined;
  }
}

function dropTorn(path: string): void {
  if (!existsSync(path)) return;
  const text = readRegularText(path, MOST_RECORD);
  const end = text.lastIndexOf('\n') + 1;
  if (end !== text.length) writeFileAtomic(path, text.slice(0, end));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
