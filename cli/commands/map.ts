import { type Command, InvalidArgumentError } from 'commander';
import type { Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('map')
    .description(
      'write down what each part of an export becomes in a target, and every loss, before anything moves',
    )
    .argument('<export>', 'folder of an export')
    .requiredOption('--to <place>', 'engine:address#collection, with the name of the new collection')
    .option('--out <file>', 'mapping to write', 'mapping.yaml')
    .option('--index <key=value>', 'an index parameter of the target; may be repeated', parameter, {})
    .option('--accept-all <reason>', 'accept every loss for this reason')
    .action((folder: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/map.js')).mapCommand(folder, options, context),
      ),
    );
}

/** Numbers and booleans as such, everything else as text. */
function parameter(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, key, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError('must be key=value, such as m=16.');
  const number = Number(value);
  const typed =
    value === 'true' || value === 'false' ? value === 'true' : Number.isNaN(number) ? value : number;
  return { ...before, [key]: typed };
}
