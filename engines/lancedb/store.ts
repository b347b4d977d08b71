import { FailureError, InputError } from '../../common/errors.js';
import type { Metric } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { RecordStore } from '../contract/points.js';
import { checkSchema } from '../kit/check.js';
import type { ArrowClient, LanceClient, LanceConnection, LanceSchema } from './client.js';
import { ID, VECTOR } from './columns.js';
import { fieldName, portableType } from './fields.js';
import { createFieldIndexes } from './index-kind.js';
import { LanceRecords, LIMITS, type RecordTable, recordSchema } from './records.js';

const INTEGERS = ['Int64', 'Int32', 'Int16', 'Uint32', 'Uint16'];

/** Tables in the folder itself; opened when first asked for, and never removed with the connection. */
export function recordStore(
  lance: LanceClient,
  arrow: ArrowClient,
  folder: string,
): RecordStore & { close(): Promise<void> } {
  let opened: Promise<LanceConnection> | undefined;
  // Every read asks for the newest version: others may write.
  const open = () => {
    opened ??= lance.connect(folder, { readConsistencyInterval: 0 });
    return opened;
  };
  const list = async () => (await open()).tableNames();
  const attach = async (name: string) => {
    const there = await list();
    if (!there.includes(name)) {
      const next = there.length > 0 ? `attach to one of ${there.join(', ')}` : 'the folder has no tables';
      throw new FailureError(`there is no table "${name}"`, { where: 'lancedb', next });
    }
    const connection = await open();
    const native = await connection.openTable(name);
    const table = described(name, await native.schema());
    return new LanceRecords(arrow, native, table, () => connection.dropTable(name));
  };
  return {
    list,
    attach,
    create: async (name, schema) => {
      checkSchema(LIMITS, schema);
      // The engine itself panics at such a name.
      if (!/^[\w.-]+$/.test(name)) {
        const next = 'LanceDB takes letters, digits, underscores, hyphens and periods';
        throw new InputError(`cannot hold the name of table "${name}"`, { where: 'lancedb', next });
      }
      if (schema.index['type'] !== 'flat') {
        throw new FailureError(`cannot make an index of type ${schema.index['type']} without points`, {
          where: 'lancedb',
          next: 'create it with type flat; LanceDB trains an index on the points that are there',
        });
      }
      if ((await list()).includes(name)) {
        const next = 'choose another name, or drop that table';
        throw new FailureError(`there is a table "${name}" already`, { where: 'lancedb', next });
      }
      const native = await (await open()).createEmptyTable(name, recordSchema(arrow, schema));
      await createFieldIndexes(lance, native, schema);
      native.close();
      return attach(name);
    },
    close: async () => (await opened)?.close(),
  };
}

function described(name: string, { fields, metadata }: LanceSchema): RecordTable {
  const id = fields.find((each) => each.name === ID)?.type.toString() ?? 'missing';
  const vector = fields.find((each) => each.name === VECTOR)?.type.toString() ?? 'missing';
  const dimensions = Number(/^FixedSizeList\[(\d+)\]<Float32>$/.exec(vector)?.[1]);
  const isText = id === 'Utf8';
  if (Number.isNaN(dimensions) || !(isText || INTEGERS.includes(id))) {
    throw new FailureError(`table "${name}" has no records`, {
      where: 'lancedb',
      got: { [ID]: id, [VECTOR]: vector },
      next: `records need a column "${ID}" of text or integers, and a column "${VECTOR}" of float32`,
    });
  }
  const metric = metadata.get('vecproof.metric');
  return {
    name,
    dimensions,
    ids: (metadata.get('vecproof.ids') as IdKind | undefined) ?? (isText ? 'string' : 'u64'),
    metric: ['cosine', 'dot', 'l2'].includes(metric ?? '') ? (metric as Metric) : null,
    fields: fields
      .filter((each) => each.name !== ID && each.name !== VECTOR)
      .map(({ name: column, type, nullable }) => ({
        name: fieldName(column),
        type: portableType(type.toString()),
        native: type.toString(),
        nullable,
      })),
  };
}
