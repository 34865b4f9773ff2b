"""Lets a test server run CGI scripts: mod_cgi under prefork, mod_cgid and its daemon under threads."""

from harness.config import load_lines

CGI = f"""
<IfModule mpm_prefork_module>
    {load_lines(["cgi"])[0]}
</IfModule>
<IfModule !mpm_prefork_module>
    {load_lines(["cgid"])[0]}
    ScriptSock "@ROOT@/run/cgid.sock"
</IfModule>
"""
