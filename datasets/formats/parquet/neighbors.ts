import { parquetReadObjects } from 'hyparquet';
import { InputError } from '../../../common/errors.js';
import { unreadable } from '../../check.js';
import type { MetadataValue } from '../../dataset.js';
import { idText } from '../ids.js';
import { ID_NAMES, NEIGHBOR_NAMES, pickName } from '../names.js';
import { COMPRESSORS } from './compression.js';
import { openParquetFile } from './file.js';
import { checkColumns } from './pages.js';

/**
 * Lists of neighbours by row, with the ids of their queries where there is such a column: VectorDBBench's
 * `neighbors.parquet` (`id`, `neighbors_id`). Throws InputError.
 */
export async function readNeighborColumns(
  path: string,
): Promise<{ ids: string[] | undefined; lists: MetadataValue[][] }> {
  const file = await openParquetFile(path);
  try {
    const names = file.metadata.schema.map(({ name }) => name);
    const list = pickName(names, NEIGHBOR_NAMES);
    if (list === undefined) {
      throw new InputError('has no column of neighbours', {
        where: path,
        got: names.slice(1),
        next: `call it ${NEIGHBOR_NAMES.join(', ')}`,
      });
    }
    const id = pickName(
      names.filter((name) => name !== list),
      ID_NAMES,
    );
    checkColumns(file, id === undefined ? [list] : [id, list]);
    const rows = await parquetReadObjects({
      file: file.buffer,
      metadata: file.metadata,
      compressors: COMPRESSORS,
      columns: id === undefined ? [list] : [id, list],
    });
    return {
      ids: id === undefined ? undefined : rows.map((row, i) => idText(row[id], id, () => `${path} row ${i}`)),
      lists: rows.map((row) => Array.from((row[list] as ArrayLike<MetadataValue> | null) ?? [])),
    };
  } catch (error) {
    throw unreadable(path, error, 'is not a readable Parquet file');
  } finally {
    file.close();
  }
}
