import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import type { Work } from '../stage.js';

/** The first marker of each instance of the application, by its position in the log. */
export function markers({ path }: Pick<Work, 'path'>): readonly { instance: string; position: string }[] {
  const { writers } = JSON.parse(readRegularText(path('capture.json'), MOST_RECORD)) as {
    writers: { instance: string; position: string }[];
  };
  return writers;
}

/** Instances of the application, as their markers name them. */
export function captured(work: Pick<Work, 'path'>): string[] {
  return markers(work).map(({ instance }) => instance);
}
