// Compiles several projects in one process, so that files which they share are parsed once: compile.mjs CONFIG...
// It uses the interface of TypeScript 5; TypeScript 7 has another one.
import ts from 'typescript-oldest';

const parsed = new Map();

for (const config of process.argv.slice(2)) {
  const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(config, {}, ts.sys);
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram(fileNames, options, { ...host, getSourceFile: reuse(host.getSourceFile) });
  const diagnostics = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  process.stdout.write(ts.formatDiagnostics(diagnostics, host));
  if (diagnostics.length > 0) process.exitCode = 1;
}

/** A file differs only if it is a module of the other kind. */
function reuse(getSourceFile) {
  return (path, settings, ...rest) => {
    const key = `${settings.impliedNodeFormat} ${path}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(path, settings, ...rest));
    return parsed.get(key);
  };
}
