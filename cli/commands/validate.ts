import { type Command, Option } from 'commander';
import { SEVERITIES } from '../../migration/validate/catalogue.js';
import type { Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('validate')
    .description('check every point of an export or a collection before it is moved; exit code 1 on errors')
    .argument('<place>', 'export:folder, or engine:address#collection')
    .option('--against <inventory>', 'compare with this inventory (JSON or YAML)')
    .option('--target <engine>', 'check what this engine can hold')
    .option('--embed <module>', 'JavaScript module whose embed(texts) makes the vectors of a sample again')
    .option('--tenant <field>', 'metadata field that says whose a point is')
    .addOption(
      new Option('--fail-on <severity>', 'least severity with exit code 1')
        .choices([...SEVERITIES])
        .default('error'),
    )
    .option('--out <file>', 'write the result to this JSON file')
    .option('--html <file>', 'write a page')
    .option('--json', 'print the result as JSON')
    .action((place: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/validate.js')).validateCommand(place, options, context),
      ),
    );
}
