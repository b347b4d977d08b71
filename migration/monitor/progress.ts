import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { MonitorView } from './model.js';
import type { Subject } from './subject.js';

/** Of a load that has begun. */
export function progressOf(folder: string, { mapping }: Pick<Subject, 'mapping'>): MonitorView['progress'] {
  const path = join(folder, 'load', 'load.json');
  if (!existsSync(path)) return undefined;
  try {
    const { rows, state } = JSON.parse(readRegularText(path, MOST_RECORD)) as {
      rows?: unknown;
      state?: unknown;
    };
    if (typeof rows !== 'number') return undefined;
    return { rows, of: mapping.source.points, state: String(state) };
  } catch {
    // It is written by another process, and may be another version's.
    return undefined;
  }
}
