import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import type { Work } from '../stage.js';

/** Instances of the application, as their markers name them. */
export function captured({ path }: Pick<Work, 'path'>): string[] {
  const { writers } = JSON.parse(readRegularText(path('capture.json'), MOST_RECORD)) as {
    writers: { instance: string }[];
  };
  return writers.map(({ instance }) => instance);
}
