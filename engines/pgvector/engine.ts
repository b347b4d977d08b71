import type { EngineDefinition } from '../contract/engine.js';
import { readSql } from '../kit/filter-text/sql.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { CAPABILITIES } from './capabilities.js';
import { connect } from './connect.js';
import { sqlFilter } from './filter.js';
import { layoutOf } from './layout.js';
import { checkData, rules } from './options.js';
import { PGLITE_PACKAGES } from './pglite.js';

const PACKAGES = ['pg'];

export const engine: EngineDefinition = {
  name: 'pgvector',
  title: 'pgvector (PostgreSQL)',
  packages: PACKAGES,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  local: { mode: 'pglite' },
  server: {
    modes: ['docker', 'url', 'pglite'],
    packages: { pglite: PGLITE_PACKAGES },
    webAssembly: ['pglite'],
    load: async () => (await import('./launch.js')).server,
  },
  readFilter: (native, fields) => readSql(native, fields, 'qualified'),
  writeFilter: (filter, spec) => {
    const { sql, parameters } = sqlFilter(filter, 1, layoutOf(spec).fields);
    const values = parameters.map((value, i) => `$${i + 1} = ${JSON.stringify(value)}`);
    return values.length === 0 ? sql : `${sql}  -- ${values.join(', ')}`;
  },
  connect,
};
