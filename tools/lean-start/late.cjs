/** A module that is loaded when something of it is first asked for. */
module.exports = function late(name) {
  let loaded;
  const real = () => (loaded ??= require(name));
  return new Proxy(
    {},
    {
      get: (_target, key) => (key === "__esModule" ? true : real()[key]),
      has: (_target, key) => key in real(),
    },
  );
};
