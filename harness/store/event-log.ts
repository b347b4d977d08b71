import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { appendText, writeFileAtomic } from '../../common/files.js';
import { type LoggedEvent, loggedEventSchema } from '../model/events.js';
import { parseOr } from './read-json.js';
import type { RunFolder } from './run-folder.js';

export function appendEvent(folder: RunFolder, event: LoggedEvent): void {
  appendText(folder.events, `${JSON.stringify(event)}\n`, { what: 'the run cannot be recorded' });
}

/** All events. A last line that was cut off by a kill is left out; any other damage is an InputError. */
export function readEvents(folder: RunFolder): LoggedEvent[] {
  if (!existsSync(folder.events)) return [];
  const lines = readFileSync(folder.events, 'utf8').split('\n');
  const whole = lines.slice(0, -1);
  return whole.map((line, i) => {
    try {
      return parseOr(loggedEventSchema, JSON.parse(line), `${folder.events}:${i + 1}`);
    } catch (error) {
      throw new InputError('this line of the log is damaged', {
        where: `${folder.events}:${i + 1}`,
        got: line,
        next: 'restore the file from a copy of the run, or measure again',
        cause: error,
      });
    }
  });
}

/** Ends a cut-off last line, so that the next event starts on a line of its own. */
export function repairEvents(folder: RunFolder): void {
  if (!existsSync(folder.events)) return;
  const text = readFileSync(folder.events, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end !== text.length) writeFileAtomic(folder.events, text.slice(0, end));
}
