import { FailureError } from '../../common/errors.js';
import type { RecordSchema, RecordStore } from '../contract/points.js';
import { checkSchema } from '../kit/check.js';
import { describeTable, tablesWithVectors } from './catalog.js';
import type { Session } from './client.js';
import { columnDefinition, columnName, fieldMethod, quoted, requireName } from './fields.js';
import { inTurn } from './in-turn.js';
import { LIMITS, PgRecords } from './records.js';
import { createIndex } from './sql.js';

/** Column type of each kind of ids. */
const KEY_TYPES = { string: 'text COLLATE "C"', uuid: 'uuid', u32: 'bigint', u64: 'bigint' } as const;

/** Tables with a key, a vector and a column for each field, in the schema that the connection writes to. */
export function recordStore(connection: Session): RecordStore {
  const session = inTurn(connection);
  const attach = async (name: string) => new PgRecords(session, await describeTable(session, name));
  return {
    list: () => tablesWithVectors(session),
    attach,
    create: async (name, schema) => {
      checkSchema(LIMITS, schema);
      requireName(name, 'table');
      try {
        // Several statements in one message are one transaction.
        await session.query(createStatements(name, schema).join('; '));
      } catch (error) {
        if ((error as { code?: string }).code !== '42P07') throw error;
        throw new FailureError(`there is a table "${name}" already`, {
          where: 'pgvector',
          next: 'choose another name, or drop that table',
          cause: error,
        });
      }
      return attach(name);
    },
  };
}

function createStatements(name: string, schema: RecordSchema): string[] {
  const { dimensions, metric, ids, fields, index } = schema;
  const table = quoted(name);
  const columns = [
    `id ${KEY_TYPES[ids]} PRIMARY KEY`,
    `vector vector(${dimensions}) NOT NULL`,
    ...fields.map(columnDefinition),
  ];
  const vectorIndex = createIndex(table, '', { index, metric, dimensions }, 'vector');
  const fieldIndexes =
    index['payloadIndex'] === true
      ? fields.map(
          ({ name: field, type }) =>
            `CREATE INDEX ON ${table} USING ${fieldMethod(type)} (${quoted(columnName(field))})`,
        )
      : [];
  return [
    `CREATE TABLE ${table} (${columns.join(', ')})`,
    // A table without an index does not tell by which metric it is to be searched.
    `COMMENT ON TABLE ${table} IS 'vecproof ${metric}'`,
    ...(vectorIndex === undefined ? [] : [vectorIndex]),
    ...fieldIndexes,
  ];
}
