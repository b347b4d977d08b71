import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { appendText, makeFolder, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { hideInFile } from '../../common/secrets.js';
import type { Alert } from './model.js';
import { MONITOR } from './state.js';

/** Every alert of a watch, one a line, each with the hash of the line before it. */
export const ALERTS = 'alerts.jsonl';

export const hashOfLine = (line: string): string => createHash('sha256').update(line).digest('hex');

/** On disk when it returns. A last line that a kill has cut off never happened. */
export function appendAlert(folder: string, alert: Alert): void {
  makeFolder(join(folder, MONITOR));
  const path = join(folder, MONITOR, ALERTS);
  const text = existsSync(path) ? readRegularText(path, MOST_RECORD) : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileAtomic(path, whole);
  const before = hashOfLine(whole.split('\n').at(-2) ?? '');
  appendText(path, `${hideInFile(JSON.stringify({ ...alert, before }))}\n`, { flush: true });
}

/** The alert of that id. @throws InputError with those that there are */
export function findAlert(folder: string, id: string): Alert | undefined {
  const path = join(folder, MONITOR, ALERTS);
  if (!existsSync(path)) return undefined;
  const lines = readRegularText(path, MOST_RECORD)
    .split('\n')
    .filter((line) => line !== '');
  try {
    return lines.map((line) => JSON.parse(line) as Alert).findLast((alert) => alert.id === id);
  } catch (error) {
    throw new InputError('is not as it was written', { where: path, cause: error });
  }
}
