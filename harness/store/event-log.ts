import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { appendText, writeFileAtomic } from '../../common/files.js';
import { checkDepth } from '../../common/json.js';
import { readRegularText } from '../../common/regular-file.js';
import { type LoggedEvent, loggedEventSchema } from '../model/events.js';
import { parseOr } from './read-json.js';
import type { RunFolder } from './run-folder.js';

export function appendEvent(folder: RunFolder, event: LoggedEvent): void {
  appendText(folder.events, `${JSON.stringify(event)}\n`, { what: 'the run cannot be recorded' });
}

const MOST_LOG = 256 * 2 ** 20;

function readLog({ events }: RunFolder): string {
  return readRegularText(events, MOST_LOG);
}

/** All events. A last line that was cut off by a kill is left out; any other damage is an InputError. */
export function readEvents(folder: RunFolder): LoggedEvent[] {
  if (!existsSync(folder.events)) return [];
  const lines = readLog(folder).split('\n');
  const whole = lines.slice(0, -1);
  return whole.map((line, i) => {
    try {
      checkDepth(line);
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
  const text = readLog(folder);
  const end = text.lastIndexOf('\n') + 1;
  if (end !== text.length) writeFileAtomic(folder.events, text.slice(0, end));
}
