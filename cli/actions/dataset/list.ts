import { EXIT, type ExitCode } from '../../../common/errors.js';
import { catalogEntries } from '../../../datasets/catalog.js';
import type { CommandContext } from '../../context.js';
import { table } from '../../table.js';

/** `vecproof dataset list`. */
export async function datasetListCommand(
  options: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const rows = datasetRows();
  context.out.write(options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
  return EXIT.passed;
}

/** A row for each dataset that can be named. */
export function datasetRows(): Record<string, string | number>[] {
  return catalogEntries().map((entry) => ({
    dataset: entry.name,
    points: entry.count ?? '',
    dimensions: entry.dimensions ?? '',
    metric: entry.metric ?? '',
    queries: entry.querySets
      .map(({ name, count }) => (count === undefined ? name : `${name} (${count})`))
      .join(', '),
    title: entry.title ?? '',
  }));
}
