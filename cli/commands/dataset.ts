import type { Command } from 'commander';
import type { Run } from '../options.js';
import * as check from './dataset/check.js';
import * as convert from './dataset/convert.js';
import * as download from './dataset/download.js';
import * as importing from './dataset/import.js';
import * as list from './dataset/list.js';
import * as remove from './dataset/remove.js';

/** Subcommands as the help lists them, one file each. */
const SUBCOMMANDS: readonly { register(parent: Command, run: Run): void }[] = [
  list,
  download,
  importing,
  check,
  convert,
  remove,
];

export function register(program: Command, run: Run): void {
  const dataset = program.command('dataset').description('datasets: those with a name, and your own');
  for (const subcommand of SUBCOMMANDS) subcommand.register(dataset, run);
  dataset.helpCommand('help [command]', 'show the options of a command');
}
