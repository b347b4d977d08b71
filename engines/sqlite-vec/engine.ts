import { statSync } from 'node:fs';
import type { EngineDefinition } from '../contract/engine.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { CAPABILITIES } from './capabilities.js';
import { openDatabase, type SqliteDatabase, usedInstructions } from './client.js';
import { connect } from './connect.js';
import { connectFile } from './connect-file.js';
import { checkData, rules } from './options.js';

const PACKAGES = ['better-sqlite3', 'sqlite-vec'];

/** Not closed: that would unload the extension, whose code is looked at afterwards. */
const opened: SqliteDatabase[] = [];

export const engine: EngineDefinition = {
  name: 'sqlite-vec',
  title: 'sqlite-vec',
  packages: PACKAGES,
  compiled: ['better-sqlite3'],
  load: () => void opened.push(openDatabase(':memory:')),
  instructions: usedInstructions,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  local: {},
  connect: async ({ folder, place, readOnly }) =>
    place !== undefined && statSync(place, { throwIfNoEntry: false })?.isFile() === true
      ? connectFile(place)
      : connect(place ?? folder, readOnly),
};
