import type { Command } from 'commander';
import { positiveInteger, type Run } from '../options.js';

interface Options {
  launch?: string;
  url?: string;
  image?: string;
  deadline?: number;
  json?: true;
}

export function register(program: Command, run: Run): void {
  program
    .command('conformance')
    .description('run the conformance suite on an engine that comes with vecproof or on your own')
    .argument('<engine>', 'name of an engine, or path of a module that defines one')
    .option(
      '--launch <mode>',
      "how the engine's server is provided: docker, url, … (default: the engine's first)",
    )
    .option('--url <address>', 'a running server')
    .option('--image <name>', 'image of the server that is started')
    .option(
      '--deadline <seconds>',
      'what a check may take at most (default: 120, 400 to sweep a parameter)',
      positiveInteger,
    )
    .option('--json', 'print capabilities and checks as JSON on stdout')
    .action((target: string, options: Options) =>
      run(undefined, async (context) =>
        (await import('../actions/conformance.js')).conformanceCommand(target, options, context),
      ),
    );
}
