"""Forms: what is behind ``mod_python.util``. Import from there."""
