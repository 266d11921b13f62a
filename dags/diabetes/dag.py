from tfx_airflow import airflow_dags

airflow_dags(__file__)
