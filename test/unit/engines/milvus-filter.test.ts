import { describe, expect, test } from 'vitest';
import type { FieldSchema, MetadataValue } from '../../../datasets/dataset.js';
import { columnData, columnName, flagOf, valueIn, vectorColumnName } from '../../../engines/milvus/fields.js';
import { translateFilter } from '../../../engines/milvus/filter.js';
import { type FieldData, Rows } from '../../../engines/milvus/rows.js';
import type { Filter } from '../../../filters/filter.js';

const s: FieldSchema = { name: 's', type: 'string', nullable: true };
const n: FieldSchema = { name: 'maker.year', type: 'integer', nullable: false };
const f: FieldSchema = { name: 'f', type: 'float', nullable: true };
const sa: FieldSchema = { name: 'sa', type: 'string[]', nullable: true };
const YEAR = 'vp_x6d616b65722e79656172';

const own = (fields: readonly FieldSchema[]) => ({ fields, own: true, key: 'id' });

describe('translateFilter', () => {
  test.each<[Filter, string]>([
    // The value that stands in for nothing would not pass: the flag is not asked.
    [{ op: 'eq', field: s, value: 'a"\\\n' }, 's == "a\\"\\\\\\n"'],
    [{ op: 'eq', field: s, value: '' }, '(vp_has_s == 2) and (s == "")'],
    [{ op: 'ne', field: s, value: 'x' }, 's != "x"'],
    [{ op: 'ne', field: s, value: '' }, '(not (vp_has_s == 2)) or (s != "")'],
    [{ op: 'in', field: s, values: [] }, 'id in []'],
    [{ op: 'nin', field: s, values: [] }, ''],
    [{ op: 'exists', field: n, value: true }, ''],
    [{ op: 'not', filter: { op: 'gt', field: n, value: 3 } }, `${YEAR} <= 3`],
    [{ op: 'eq', field: n, value: -(2n ** 63n) }, `${YEAR} == -9223372036854775807 - 1`],
    [{ op: 'lt', field: f, value: 1e19 }, '(vp_has_f == 2) and (f < 1e+19)'],
    [{ op: 'startsWith', field: s, value: 'a%' }, '(s >= "a%") and (s < "a&")'],
    [{ op: 'startsWith', field: s, value: '\ud7ff' }, '(s >= "\ud7ff") and (s < "\ue000")'],
    [{ op: 'not', filter: { op: 'contains', field: sa, value: 'a' } }, 'not (array_contains(sa, "a"))'],
  ])('%o', (filter, expression) => {
    expect(translateFilter(filter, own([s, n, f, sa]))).toBe(expression);
  });

  test('too many conditions are refused', () => {
    const many: Filter = { op: 'or', filters: Array(501).fill({ op: 'eq', field: s, value: 'x' }) };
    expect(() => translateFilter(many, own([s]))).toThrow('501 conditions');
  });
});

describe('columns', () => {
  test('no two fields share one, and none is a word of the expressions', () => {
    const names = [
      'a',
      'A',
      'a.b',
      'a_b',
      'id',
      'vector',
      'like',
      'LIKE',
      'vp_xa',
      'ö',
      '1a',
      '',
      '__proto__',
      'RowID',
    ];
    const columns = names.map(columnName);
    expect(new Set(columns).size).toBe(names.length);
    for (const column of columns) expect(column).toMatch(/^[A-Za-z_]\w*$/);
    expect(columnName('a')).toBe('a');
  });

  test('a long name has a short column, and no other one the same', () => {
    const names = ['ö'.repeat(200), 'ö'.repeat(201), 'a'.repeat(300), `${'a'.repeat(300)}b`];
    const columns = names.map(columnName);
    expect(new Set(columns).size).toBe(names.length);
    for (const name of names) expect(flagOf(name).length).toBeLessThanOrEqual(255);
  });

  test('a vector has a column of its own name, unless a field has it', () => {
    expect(vectorColumnName('vector', [])).toBe('vector');
    expect(vectorColumnName('title', [])).toBe('title');
    expect(vectorColumnName('s', [s])).not.toBe(columnName('s'));
    expect(vectorColumnName('id', [])).toMatch(/^vp_x/);
  });

  test('a value, a null and nothing come back as they were', () => {
    const again = (field: FieldSchema, value: MetadataValue | undefined) => {
      const rows = new Rows(columnData(field, [value]) as FieldData[], columnName(field.name));
      const [flag] = rows.scalars(flagOf(field.name));
      return valueIn(field, rows.scalars(columnName(field.name))[0], flag);
    };
    for (const value of ['', 'x', null, undefined]) expect(again(s, value)).toBe(value);
    for (const value of [0, 2 ** 53 - 1, 2n ** 63n - 1n]) expect(again(n, value)).toBe(value);
    for (const value of [['', 'a'], [], null, undefined]) expect(again(sa, value)).toEqual(value);
  });
});
